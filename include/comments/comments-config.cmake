# find_package(comments COMPONENTS sqlite httplib)
#
# gives comments::comments, and comments::<component> for each component that is asked for:
#   json      the JSON codecs                                needs nlohmann_json
#   http      the routes, without a server                   needs json, OpenSSL and zlib
#   httplib   the routes on cpp-httplib                      needs http and cpp-httplib
#   sqlite    the SQLite store                               needs SQLite
#   postgres  the PostgreSQL store                           needs libpq
#   rules     the rule of blocked words                      needs utf8proc
#   markdown  Markdown to HTML                               needs cmark-gfm
#   feed      the route of feeds                             needs http and pugixml
#   compiled  all components that are asked for, compiled once into a static library; a program
#             links comments::compiled instead of them (comments/config.hpp says what that is for)

set(_comments_known "json, http, httplib, sqlite, postgres, rules, markdown, feed and compiled")
set(_comments_needs_json "nlohmann_json")
set(_comments_needs_http "nlohmann_json, OpenSSL 1.1.1 or newer and zlib")
set(_comments_needs_httplib "nlohmann_json, OpenSSL 1.1.1 or newer, zlib and cpp-httplib 0.11.4 or newer")
set(_comments_needs_sqlite "SQLite 3.38 or newer")
set(_comments_needs_postgres "libpq 14 or newer and pkg-config, which finds it")
set(_comments_needs_rules "utf8proc 2.6 or newer and pkg-config, which finds it")
set(_comments_needs_markdown "cmark-gfm and its extensions")
set(_comments_needs_feed "nlohmann_json, OpenSSL 1.1.1 or newer, zlib and pugixml")

include(CMakeFindDependencyMacro)
find_dependency(Threads)

# The project's own CMakeLists.txt, which includes this file, says where it is. Then targets are seen
# in the whole build, and not only in the folder that asks for them.
if(DEFINED _comments_prefix)
  set(_comments_scope GLOBAL)
else()
  get_filename_component(_comments_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
endif()

# Has a target seen wherever comments::<name> is, unless it was found elsewhere.
function(_comments_show target)
  get_target_property(is_imported ${target} IMPORTED)
  get_target_property(folder ${target} SOURCE_DIR)
  if(_comments_scope AND is_imported AND folder STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    set_property(TARGET ${target} PROPERTY IMPORTED_GLOBAL TRUE)
  endif()
endfunction()

# comments::<name> on top of other targets, if all of them are there.
function(_comments_target name)
  foreach(needed IN LISTS ARGN)
    if(NOT TARGET ${needed})
      return()
    endif()
  endforeach()
  if(NOT TARGET comments::${name})
    add_library(comments::${name} INTERFACE IMPORTED ${_comments_scope})
    set_property(TARGET comments::${name} PROPERTY INTERFACE_LINK_LIBRARIES ${ARGN})
    foreach(needed IN LISTS ARGN)
      _comments_show(${needed})
    endforeach()
  endif()
endfunction()

_comments_target(comments Threads::Threads)
set_target_properties(comments::comments PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${_comments_prefix}/include"
  INTERFACE_COMPILE_FEATURES cxx_std_20)

set(_comments_wanted ${comments_FIND_COMPONENTS})
if("httplib" IN_LIST _comments_wanted OR "feed" IN_LIST _comments_wanted)
  list(APPEND _comments_wanted http)
endif()
if("http" IN_LIST _comments_wanted)
  list(APPEND _comments_wanted json)
endif()

if("json" IN_LIST _comments_wanted)
  find_package(nlohmann_json QUIET)
  _comments_target(json comments::comments nlohmann_json::nlohmann_json)
endif()

if("http" IN_LIST _comments_wanted)
  find_package(OpenSSL 1.1.1 QUIET)
  find_package(ZLIB QUIET)
  _comments_target(http comments::json OpenSSL::Crypto ZLIB::ZLIB)
endif()

if("httplib" IN_LIST _comments_wanted)
  # cpp-httplib comes with a CMake package, with a pkg-config file (Debian), or as one header.
  find_package(httplib QUIET CONFIG)
  find_package(PkgConfig QUIET)
  if(NOT TARGET httplib::httplib AND PKG_CONFIG_FOUND)
    pkg_check_modules(cpp_httplib QUIET IMPORTED_TARGET GLOBAL cpp-httplib>=0.11.4)
  endif()
  find_path(COMMENTS_HTTPLIB_INCLUDE httplib.h)
  mark_as_advanced(COMMENTS_HTTPLIB_INCLUDE)
  if(TARGET httplib::httplib)
    _comments_target(httplib comments::http httplib::httplib)
  elseif(TARGET PkgConfig::cpp_httplib)
    _comments_target(httplib comments::http PkgConfig::cpp_httplib)
  elseif(COMMENTS_HTTPLIB_INCLUDE)
    _comments_target(httplib comments::http)
    if(TARGET comments::httplib)
      set_property(TARGET comments::httplib PROPERTY
        INTERFACE_INCLUDE_DIRECTORIES "${COMMENTS_HTTPLIB_INCLUDE}")
    endif()
  endif()
endif()

if("sqlite" IN_LIST _comments_wanted)
  find_package(SQLite3 3.38 QUIET)
  _comments_target(sqlite comments::comments SQLite::SQLite3)
endif()

if("postgres" IN_LIST _comments_wanted)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(libpq QUIET IMPORTED_TARGET GLOBAL libpq>=14)
  endif()
  _comments_target(postgres comments::comments PkgConfig::libpq)
endif()

if("rules" IN_LIST _comments_wanted)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(libutf8proc QUIET IMPORTED_TARGET GLOBAL libutf8proc>=2.6)
  endif()
  _comments_target(rules comments::comments PkgConfig::libutf8proc)
endif()

if("markdown" IN_LIST _comments_wanted)
  # Its own CMake package is not everywhere that the libraries are.
  find_path(COMMENTS_CMARK_INCLUDE cmark-gfm.h)
  find_library(COMMENTS_CMARK_LIBRARY cmark-gfm)
  find_library(COMMENTS_CMARK_EXTENSIONS_LIBRARY cmark-gfm-extensions)
  mark_as_advanced(
    COMMENTS_CMARK_INCLUDE COMMENTS_CMARK_LIBRARY COMMENTS_CMARK_EXTENSIONS_LIBRARY)
  if(COMMENTS_CMARK_INCLUDE AND COMMENTS_CMARK_LIBRARY AND COMMENTS_CMARK_EXTENSIONS_LIBRARY)
    _comments_target(markdown comments::comments)
    set_property(TARGET comments::markdown APPEND PROPERTY INTERFACE_LINK_LIBRARIES
      "${COMMENTS_CMARK_EXTENSIONS_LIBRARY}" "${COMMENTS_CMARK_LIBRARY}")
    set_property(TARGET comments::markdown PROPERTY
      INTERFACE_INCLUDE_DIRECTORIES "${COMMENTS_CMARK_INCLUDE}")
  endif()
endif()

if("feed" IN_LIST _comments_wanted)
  find_package(pugixml QUIET CONFIG)
  _comments_target(feed comments::http pugixml::pugixml)
endif()

if("compiled" IN_LIST _comments_wanted)
  if(NOT TARGET comments_compiled)
    add_library(comments_compiled STATIC EXCLUDE_FROM_ALL
      "${_comments_prefix}/include/comments/compiled.cpp")
    add_library(comments::compiled ALIAS comments_compiled)
    set_target_properties(comments_compiled PROPERTIES POSITION_INDEPENDENT_CODE TRUE)
    target_compile_definitions(comments_compiled PUBLIC COMMENTS_COMPILED)
    target_link_libraries(comments_compiled PUBLIC comments::comments)
  endif()
  list(REMOVE_ITEM _comments_wanted compiled)
  foreach(_comments_component IN LISTS _comments_wanted)
    if(TARGET comments::${_comments_component})
      string(TOUPPER "COMMENTS_WITH_${_comments_component}" _comments_part)
      target_compile_definitions(comments_compiled PRIVATE ${_comments_part})
      target_link_libraries(comments_compiled PUBLIC comments::${_comments_component})
    endif()
  endforeach()
endif()

foreach(_comments_component IN LISTS comments_FIND_COMPONENTS)
  if(TARGET comments::${_comments_component})
    set(comments_${_comments_component}_FOUND TRUE)
  elseif(comments_FIND_REQUIRED_${_comments_component})
    set(comments_FOUND FALSE)
    if(DEFINED _comments_needs_${_comments_component})
      set(comments_NOT_FOUND_MESSAGE
        "${_comments_component} needs ${_comments_needs_${_comments_component}}")
    else()
      set(comments_NOT_FOUND_MESSAGE
        "there is no component ${_comments_component}; there are ${_comments_known}")
    endif()
  endif()
endforeach()
