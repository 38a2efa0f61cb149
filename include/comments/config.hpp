#pragma once
// config.hpp - how the library is compiled: in each source that includes it, or once.
//
// Without a macro every header brings its definitions along, and there is nothing to build. With
// COMMENTS_COMPILED defined the headers only declare, and one source of the program compiles
// `comments/compiled.cpp`, which has all definitions. Define it for all sources of a program or
// for none.
//
// A header that has definitions worth leaving out keeps them in a file of the same name that ends
// in .ipp. There each function that is no template begins with COMMENTS_INLINE.
//
//     // greeting.hpp
//     std::string greet(std::string_view name);
//     #ifndef COMMENTS_COMPILED
//     #include <comments/greeting.ipp>
//     #endif
//
//     // greeting.ipp
//     COMMENTS_INLINE std::string greet(std::string_view name) { … }
//
// A virtual function has COMMENTS_INLINE in its class, too. Without it the compiler would make an
// object of the whole class in each source that includes the header (the Itanium ABI's rule of the
// "key function"), also where nothing uses it.

#if __cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#error "comments needs C++20: -std=c++20, /std:c++20, or newer"
#endif

#ifdef COMMENTS_COMPILED
#define COMMENTS_INLINE
#else
#define COMMENTS_INLINE inline
#endif
