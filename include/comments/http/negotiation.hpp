#pragma once
// http/negotiation.hpp - which media type a client prefers (RFC 9110, section 12.5.1).
//
//   using namespace comments;
//   const std::string_view accept = "text/csv, application/json;q=0.5";
//   const bool is_csv_preferred =
//       http::weight_of(accept, "text/csv") > http::weight_of(accept, "application/json");

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <string_view>

namespace comments::inline v0::http {

// Returns a weight such as "0.5" in thousandths (RFC 9110, section 12.4.2); 0 if it is not one.
int parse_weight(std::string_view text);

// Returns how much a client wants `type`, in thousandths: what its Accept header says about that
// type or about its family ("text/*"), whichever is more. 0 if it names neither: "*/*" is no wish.
int weight_of(std::string_view accept, std::string_view type);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/negotiation.ipp>
#endif
