# find_package(comments COMPONENTS sqlite httplib)
#
# gives comments::comments, and comments::<component> for each component that is asked for:
#   json      the JSON codecs                                needs nlohmann_json
#   http      the routes, without a server                   needs json and OpenSSL
#   httplib   the routes on cpp-httplib                      needs http and cpp-httplib
#   sqlite    the SQLite store                               needs SQLite

include(CMakeFindDependencyMacro)
find_dependency(Threads)

get_filename_component(_comments_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

function(_comments_target name)
  if(NOT TARGET comments::${name})
    add_library(comments::${name} INTERFACE IMPORTED)
  endif()
  if(ARGN)
    set_property(TARGET comments::${name} PROPERTY INTERFACE_LINK_LIBRARIES ${ARGN})
  endif()
endfunction()

_comments_target(comments Threads::Threads)
set_target_properties(comments::comments PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${_comments_prefix}/include"
  INTERFACE_COMPILE_FEATURES cxx_std_20)

set(_comments_wanted ${comments_FIND_COMPONENTS})
if("httplib" IN_LIST _comments_wanted)
  list(APPEND _comments_wanted http)
endif()
if("http" IN_LIST _comments_wanted)
  list(APPEND _comments_wanted json)
endif()
list(REMOVE_DUPLICATES _comments_wanted)

if("json" IN_LIST _comments_wanted)
  find_dependency(nlohmann_json)
  _comments_target(json comments::comments nlohmann_json::nlohmann_json)
  set(comments_json_FOUND TRUE)
endif()

if("http" IN_LIST _comments_wanted)
  find_dependency(OpenSSL)
  _comments_target(http comments::json OpenSSL::Crypto)
  set(comments_http_FOUND TRUE)
endif()

if("httplib" IN_LIST _comments_wanted)
  # cpp-httplib comes with a CMake package, with a pkg-config file (Debian), or as one header.
  find_package(httplib QUIET CONFIG)
  if(TARGET httplib::httplib)
    _comments_target(httplib comments::http httplib::httplib)
    set(comments_httplib_FOUND TRUE)
  else()
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND)
      pkg_check_modules(cpp_httplib QUIET IMPORTED_TARGET GLOBAL cpp-httplib)
    endif()
    find_path(COMMENTS_HTTPLIB_INCLUDE httplib.h)
    if(TARGET PkgConfig::cpp_httplib)
      _comments_target(httplib comments::http PkgConfig::cpp_httplib)
      set(comments_httplib_FOUND TRUE)
    elseif(COMMENTS_HTTPLIB_INCLUDE)
      _comments_target(httplib comments::http)
      set_property(TARGET comments::httplib PROPERTY
        INTERFACE_INCLUDE_DIRECTORIES "${COMMENTS_HTTPLIB_INCLUDE}")
      set(comments_httplib_FOUND TRUE)
    endif()
  endif()
endif()

if("sqlite" IN_LIST _comments_wanted)
  find_dependency(SQLite3)
  _comments_target(sqlite comments::comments SQLite::SQLite3)
  set(comments_sqlite_FOUND TRUE)
endif()

foreach(_comments_component IN LISTS comments_FIND_COMPONENTS)
  if(NOT comments_${_comments_component}_FOUND AND comments_FIND_REQUIRED_${_comments_component})
    set(comments_FOUND FALSE)
    set(comments_NOT_FOUND_MESSAGE "comments: no component ${_comments_component}, or what it needs is missing")
  endif()
endforeach()
