#pragma once
// http/httplib/response.ipp - definitions of http/httplib/response.hpp.

#include <comments/http/httplib/response.hpp>

#include <comments/http/httplib/request.hpp>
#include <comments/http/pump.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace comments::inline v0::http::detail {

// Takes out of a request what would have cpp-httplib spoil the response.
inline void simplify(httplib::Request& from) {
  // It would cut ranges out of any response; RFC 9110, section 14.2, lets a server ignore them.
  from.ranges.clear();
  // It would pack each response anew, with brotli at the highest setting: 110 ms for a page of 50
  // comments. Responses that are worth it come packed already (http/gzip.hpp).
  from.headers.erase("Accept-Encoding");
}

// Has cpp-httplib close the connection behind the response.
inline void set_close(httplib::Request& from) {
  from.headers.erase("Connection");
  from.headers.emplace("Connection", "close");
}

// Writes a body and makes the response the connection's last, in the ways that cpp-httplib knows: a
// header, and a body whose provider gives up once all of it is sent. The request is made to look
// like a GET without a body, so that the connection ends behind HEAD too, and cpp-httplib does not
// wait for a body to ignore.
inline void write_last(std::string body, const std::string& type, httplib::Request& from,
                       httplib::Response& to) {
  const bool is_head = from.method == "HEAD";
  from.method = "GET";
  from.headers.erase("Content-Length");
  from.headers.erase("Transfer-Encoding");
  set_close(from);
  if (body.empty()) body = "\n";  // a provider must have something to provide
  const std::size_t size = body.size();
  to.set_content_provider(size, type,
                          [is_head, body = std::move(body)](std::size_t offset, std::size_t length,
                                                            httplib::DataSink& sink) {
                            if (!is_head) sink.write(body.data() + offset, length);
                            return false;
                          });
}

// --- streams -------------------------------------------------------------------------------------

// A body that is being sent, chunk by chunk, on the thread of its connection.
struct streamed_body {
  std::string start{};
  pump rest{stream{}};
  bool is_chunked{};
};

// Returns whether `bytes` went out. An empty text must not be written: 0.11.4 takes it for the end.
inline bool write_bytes(const std::string& bytes, httplib::DataSink& sink) {
  return bytes.empty() || sink.write(bytes.data(), bytes.size());
}

// Sends the next chunk, after a wait if there is none yet. Returns false to end the connection.
inline bool send_next(streamed_body& body, httplib::DataSink& sink) {
  if (!body.start.empty()) return write_bytes(std::exchange(body.start, {}), sink);
  const chunk next = body.rest.next();
  if (body.rest.is_broken() || !write_bytes(next.bytes, sink)) return false;
  if (body.rest.go_on()) return true;
  if (body.is_chunked) sink.done();
  return body.is_chunked;
}

// Writes a body and the stream behind it. A client of HTTP/1.0 knows no chunked coding: for it, and
// for the last response, the end of the connection is the end of the body. If the stream breaks,
// the connection ends without the last chunk.
inline void write_stream(response made, const std::string& type, bool is_last,
                         httplib::Request& from, httplib::Response& to) {
  const bool is_chunked = !is_last && from.version != "HTTP/1.0";
  const std::shared_ptr<streamed_body> body{
      new streamed_body{std::move(made.body), pump{std::move(made.rest)}, is_chunked}};
  const auto provide = [body](std::size_t, httplib::DataSink& sink) {
    return send_next(*body, sink);
  };
  if (is_chunked) {
    to.set_chunked_content_provider(type, provide);
    return;
  }
  set_close(from);
  to.set_content_provider(type, provide);
}

// --- all of it -----------------------------------------------------------------------------------

COMMENTS_INLINE std::string write_head(const response& made, const httplib::Request& from,
                                       httplib::Response& to) {
  simplify(const_cast<httplib::Request&>(from));
  to.status = made.status;
  std::string type = "application/octet-stream";
  for (const auto& [name, value] : made.headers) {
    if (is_same_name(name, "Content-Type"))
      type = value;
    else
      to.set_header(name, value);
  }
  to.set_header("X-Content-Type-Options", "nosniff");
  return type;
}

COMMENTS_INLINE void write(response made, bool is_last, const httplib::Request& from,
                           httplib::Response& to) {
  auto& mutable_from = const_cast<httplib::Request&>(from);
  const std::string type = write_head(made, from, to);
  if (made.is_length_unknown)  // chunked, of which HEAD gets no chunk
    made.rest = [](const auto&) { return chunk{.then = chunk::state::over}; };
  if (made.rest)
    write_stream(std::move(made), type, is_last, mutable_from, to);
  else if (is_last)
    write_last(std::move(made.body), type, mutable_from, to);
  else if (!made.body.empty())
    to.set_content(made.body, type);
}

COMMENTS_INLINE void refuse(const handler& api, request_error why, const httplib::Request& from,
                            httplib::Response& to) {
  request asked = to_request(from, {});
  if (why.code == request_errc::method_not_allowed) to.set_header("Allow", allowed_methods);
  asked.refusal = std::move(why);
  write(api(std::move(asked)), true, from, to);
}

}  // namespace comments::inline v0::http::detail
