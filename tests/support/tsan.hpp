#pragma once
// tsan.hpp - COMMENTS_TSAN is 1 under the thread sanitizer, and 0 elsewhere.

#ifdef __SANITIZE_THREAD__
#define COMMENTS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COMMENTS_TSAN 1
#endif
#endif
#ifndef COMMENTS_TSAN
#define COMMENTS_TSAN 0
#endif
