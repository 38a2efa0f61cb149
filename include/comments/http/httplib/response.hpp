#pragma once
// http/httplib/response.hpp - writes a response of ours out as one of cpp-httplib's.
//
// Private: http/httplib.hpp and http/httplib_in_memory.hpp are for programs.
//
// The functions change the request, although cpp-httplib hands it out as const: what cpp-httplib
// does with a response depends on the request. It is a local variable of cpp-httplib's, and not
// const there.

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <httplib.h>

#include <string>

namespace comments::inline v0::http::detail {

// Writes the status and the headers, but not Content-Type. Returns that, because cpp-httplib wants
// it with the body.
std::string write_head(const response& made, const httplib::Request& from, httplib::Response& to);

// Writes all of a response. With `is_last` the connection ends behind it. A stream keeps the thread
// of its connection until it is over.
void write(response made, bool is_last, const httplib::Request& from, httplib::Response& to);

// Has `api` answer a request that no route saw and that is refused for `why`. Where the request
// ends is unknown, so the connection ends behind the response.
void refuse(const handler& api, request_error why, const httplib::Request& from,
            httplib::Response& to);

}  // namespace comments::inline v0::http::detail

#ifndef COMMENTS_COMPILED
#include <comments/http/httplib/response.ipp>
#endif
