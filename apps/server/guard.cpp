#include "guard.hpp"

#include <comments/rules/links.hpp>
#include <comments/rules/repeated_text.hpp>
#include <comments/rules/typing_time.hpp>

#include <utility>

namespace server::guard {
namespace {

using namespace comments;

rule outside_legacy(rule strict) {
  return [strict = std::move(strict)](const draft& written, const arrival& how) {
    return how.is_legacy ? accept() : strict(written, how);
  };
}

}  // namespace

rule newcomer_links(std::size_t links_max) {
  return outside_legacy(rules::newcomer_links(links_max));
}

// Where the address may stand for many people, only an account tells who repeats itself; an IPv6
// /48 may be a town. How an edit came is not known, and its author needed another text to post at
// all.
rule repeated_text(std::chrono::seconds window) {
  return outside_legacy([strict = rules::repeated_text({.window = window})](const draft& written,
                                                                            const arrival& how) {
    arrival seen = how;
    seen.network.clear();
    if (how.is_client_shared || how.is_edit) {
      if (written.author.subject.empty()) return accept();
      seen.client.clear();
    }
    return strict(written, seen);
  });
}

rule typing_time_of_forms(std::chrono::seconds least) {
  return outside_legacy(rules::typing_time({.least = least, .is_form_needed = false}));
}

}  // namespace server::guard
