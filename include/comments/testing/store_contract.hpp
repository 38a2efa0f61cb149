#pragma once
// testing/store_contract.hpp - what every store owes, as tests: the sentences of store.hpp.
//
// Run it on a store of your own with whatever framework your tests use. With doctest:
//
//     class my_maker {
//      public:
//       my_store& store();  // empty at first, and the same one until `reopen`
//       void reopen();      // closes the store and opens it again; only if it is durable
//     };
//     COMMENTS_DOCTEST(my_store, comments::contract::store_promises, my_maker);
//     COMMENTS_DOCTEST(my_store_reopened, comments::contract::durable_store_promises, my_maker);
//
// and the same with COMMENTS_GTEST and COMMENTS_CATCH2. Each promise makes a maker of its own, so
// what two makers make must have nothing in common.
//
// What only a store's own means can show is not here: that nothing is lost when the power fails,
// an answer in doubt, a store without memory or without threads, what its storage cannot hold, and
// what a page costs. tests/support/contract.hpp says where that is shown of this library's.

#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/callbacks.hpp>
#include <comments/testing/store_contract/changes.hpp>
#include <comments/testing/store_contract/inserts.hpp>
#include <comments/testing/store_contract/keys.hpp>
#include <comments/testing/store_contract/lists.hpp>
#include <comments/testing/store_contract/moderation.hpp>
#include <comments/testing/store_contract/running.hpp>
#include <comments/testing/store_contract/votes.hpp>

#include <tuple>
#include <utility>

namespace comments::inline v0::contract {

// One caller after another.
using promises_to_one_caller = std::tuple<
    begun_inserts_end_alike, insert_keeps_the_draft, insert_takes_named_ids,
    insert_moves_the_version, insert_appends_an_event, insert_counts_at_the_parent,
    insert_refuses_unknown_parents, insert_trusts_no_clock, keys_replay, keys_refuse_another_draft,
    keys_replay_what_stands, keys_belong_to_their_content, empty_keys_never_replay,
    insert_takes_tokens, refusals_take_no_tokens, find_knows_its_own, contents_keep_their_order,
    events_follow_a_version, list_of_an_unknown_content, list_pages_in_order, list_pages_by_bytes,
    contents_known, list_ignores_other_parents, list_without_end, list_after_the_last,
    cursors_count_votes_by_top, list_of_odd_contents, signing_key_is_stable,
    versions_have_the_epoch, amend_changes_a_comment, amend_clears_the_edit,
    amend_passes_refusals_on, amend_refuses_deciders_that_call_back, amend_counts_statuses,
    tombstones_hold_what_is_below, tombstones_are_whole, insert_keeps_hidden_drafts,
    insert_caps_the_depth, insert_takes_long_chains, removal_erases, votes_count_voters,
    votes_need_what_is_visible, votes_order_the_top, votes_of_a_voter, reports_by_a_reporter,
    reports_count_readers, reports_need_what_is_visible, networks_are_limited,
    former_names_are_known, votes_are_taken_back_by_browser, browsers_are_found,
    reports_come_latest_first, set_status_moves_the_version, set_status_makes_a_content,
    forget_origins_by_age, forget_reporters, history_leaves_votes_out,
    decisions_are_what_moderators_did, find_all_finds, insert_holds_to_the_status>;

// What several callers do at once, and what is called back meanwhile.
using promises_to_many_callers =
    std::tuple<threads_begin_inserts, threads_share_tokens, list_while_others_post, threads_insert,
               threads_share_a_key, threads_read_whole_pages, threads_walk,
               amend_survives_deciders_that_throw, receivers_may_throw, receivers_may_call_back,
               amend_keeps_others_from_deciders_that_throw, threads_vote, threads_race_to_amend,
               recovery_changes_nothing, threads_recover_while_others_write, listeners_come_and_go,
               listeners_may_fail, threads_walk_while_others_moderate>;

using store_promises = decltype(std::tuple_cat(std::declval<promises_to_one_caller>(),
                                               std::declval<promises_to_many_callers>()));

// What is there after the store was closed and opened.
using durable_store_promises = std::tuple<reopening_keeps_everything, closing_ends_inserts,
                                          reopening_keeps_forgetting, reopening_keeps_changes>;

}  // namespace comments::inline v0::contract
