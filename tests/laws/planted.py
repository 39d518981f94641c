"""Planted faults: rules of syncd turned wrong one at a time, each of which the laws must catch.

A law that does not fail when its rule is inverted is no law.
"""

from __future__ import annotations

from dataclasses import dataclass

TWO_SHADOWS = "tests/laws/test_two_shadows.py::"
GOLDEN = "tests/laws/test_golden.py::"
IDENTITY = "tests/laws/test_identity.py::"
PLAN = "tests/laws/test_plan.py::"
FOUNDING = "tests/laws/test_founding.py::test_what_is_founded_at_sight_is_what_the_rules_say"
FIRST_SIGHT = "tests/laws/test_first_sight.py::"
FULFILLED = "tests/laws/test_fulfilled.py::"
GUARD = "tests/laws/test_guard.py::"
SETS = "tests/laws/test_sets.py::"
UNITS = "tests/laws/test_units.py::"
APART = "tests/laws/test_apart.py::"
CASE = "tests/cases/test_cases.py::test_it_ends_as_it_says[{}]"


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault: the function that is wrong, what of it is replaced, and the law that must catch it.

    `place` is MODULE:FUNCTION or MODULE:CLASS.METHOD. `old` is a part of the function as `ast.unparse` writes it, ""
    for its whole body.
    """

    name: str
    promise: str
    place: str
    old: str
    new: str
    caught_by: str


FAULTS: tuple[Planted, ...] = (
    # --- absorb: two shadows ---------------------------------------------------------------------
    Planted(
        "what was sent is taken for what is shown",
        "quiet",
        "syncd.rules.absorb:take_as_ours",
        "shadow.seen[name] = raw",
        "shadow.seen[name] = sent",
        TWO_SHADOWS + "test_write_read_back_list_edit",
    ),
    Planted(
        "a late observation is absorbed",
        "nothing lost",
        "syncd.rules.absorb:is_late",
        "",
        "return False",
        TWO_SHADOWS + "test_an_observation_from_before_the_last_one_is_dropped",
    ),
    Planted(
        "a read-back that lags is believed",
        "nothing lost",
        "syncd.rules.written:_judge",
        "return 'old'",
        "return 'ours'",
        TWO_SHADOWS + "test_the_old_value_in_a_read_back_is_doubted_not_believed",
    ),
    Planted(
        "after an unknown outcome whatever stands there is ours",
        "nothing lost",
        "syncd.rules.written:_judge",
        "return 'ours' if renders(name, value, raw, ground.region) else 'theirs'",
        "return 'ours'",
        TWO_SHADOWS + "test_after_an_unknown_outcome_only_a_rendering_is_ours",
    ),
    Planted(
        "a rendering of what went along is an edit",
        "quiet",
        "syncd.rules.written:_carried_renderings",
        "",
        "return []",
        TWO_SHADOWS + "test_fields_carried_unchanged_state_nothing_and_were_not_given",
    ),
    Planted(
        "what a vendor fills into a record of ours is a person's word",
        "nothing invented",
        "syncd.rules.written:adopt",
        "shadow.seen[name], shadow.acked[name] = (raw, tidy(raw))",
        "edited.append(name)",
        TWO_SHADOWS + "test_what_our_create_made_is_nobodys_word",
    ),
    Planted(
        "a clear that goes no further takes the record's word away",
        "nothing invented",
        "syncd.rules.absorb:state_change",
        "if kind == 'clear' and ground.ignores_clear(slot):",
        "if False:",
        TWO_SHADOWS + "test_an_ignored_clear_keeps_the_records_word",
    ),
    Planted(
        "a write that never shows is repeated for ever",
        "quiet",
        "syncd.rules.absorb:_settle",
        "doubt.tries >= 2",
        "False",
        TWO_SHADOWS + "test_a_write_that_never_shows_is_repeated_once_and_then_not_kept",
    ),
    Planted(
        "a former name that stands there still is a company",
        "nothing invented",
        "syncd.rules.absorb:_without_former_name",
        "",
        "return shown",
        "tests/sync/test_parts.py::test_a_company_that_stayed_behind_follows_with_the_next_name",
    ),
    # --- at first sight ---------------------------------------------------------------------------
    Planted(
        "a value that means nothing is said at first sight",
        "nothing invented",
        "syncd.rules.first:first_look",
        "name in VANISHING and says_nothing(name, text)",
        "False",
        FIRST_SIGHT + "test_the_short_way_ends_where_the_long_one_does",
    ),
    Planted(
        "whose words differ is founded at sight",
        "explained",
        "syncd.rules.founding:Founding._golden",
        "not value or value != golden[slot][0]",
        "not value",
        FOUNDING,
    ),
    Planted(
        "who may not speak is heard where a customer is founded at sight",
        "explained",
        "syncd.rules.founding:Founding._golden",
        "owner not in (None, one.connection)",
        "False",
        FOUNDING,
    ),
    Planted(
        "who lacks something is founded at sight",
        "agreement",
        "syncd.rules.founding:Founding._known",
        "(seen[name] or '') != text",
        "False",
        FOUNDING,
    ),
    Planted(
        "whom another connection lacks is founded at sight",
        "agreement",
        "syncd.rules.founding:Founding.founded",
        "self.creating <= here",
        "True",
        FOUNDING,
    ),
    # --- after a write ---------------------------------------------------------------------------
    Planted(
        "nobody is planned anew after a write that was confirmed",
        "agreement",
        "syncd.rules.fulfilled:is_fulfilled",
        "return not (left.drafts or left.held or left.acks)",
        "return True",
        FULFILLED + "test_a_fulfilled_plan_is_the_plan_without_its_write",
    ),
    Planted(
        "what was held beside what was written stays held",
        "agreement",
        "syncd.rules.fulfilled:is_fulfilled",
        "if '' in held or not touched.isdisjoint(_parts(held)):",
        "if False:",
        FULFILLED + "test_what_was_held_beside_what_was_written_is_planned_anew",
    ),
    Planted(
        "what waits for a field that was written is forgotten",
        "agreement",
        "syncd.rules.fulfilled:is_fulfilled",
        "if spec.needs and name not in fields",
        "if False",
        FULFILLED + "test_what_waits_for_a_field_is_planned_once_that_is_shown",
    ),
    # --- sets ------------------------------------------------------------------------------------
    Planted(
        "what is not shown any more was never asked",
        "agreement",
        "syncd.rules.sets:_answered",
        "shadow.acked.keys() | {*asked} | there",
        "there",
        SETS + "test_added_by_anybody_taken_out_by_who_knew_it",
    ),
    Planted(
        "a new element of a known set passes for one first seen",
        "nothing lost",
        "syncd.rules.sets:answers_of",
        "if name in shadow.seen:",
        "if False:",
        SETS + "test_what_moved_in_a_set_is_stated_element_by_element",
    ),
    Planted(
        "a set is written as what changed of it",
        "nothing invented",
        "syncd.customer.sets:gathered",
        "set(elements((before or {}).get(name)))",
        "set()",
        SETS + "test_what_nothing_is_said_of_stays_in_the_set",
    ),
    Planted(
        "an element that is taken out passes for an emptied set",
        "nothing lost",
        "syncd.rules.absorb:_is_emptied",
        "if is_element(slot):",
        "if False:",
        CASE.format("groups_of_everybody"),
    ),
    # --- golden ----------------------------------------------------------------------------------
    Planted(
        "who had been given the other's word does not follow it",
        "nothing lost",
        "syncd.rules.golden:follows",
        "later.knew >= earlier.number",
        "later.knew < earlier.number",
        GOLDEN + "test_whoever_knew_golden_has_the_last_word",
    ),
    Planted(
        "wholly later is turned round",
        "order-free",
        "syncd.rules.golden:wholly_later",
        "later.old_seen > earlier.pull_ended",
        "later.old_seen <= earlier.pull_ended",
        GOLDEN + "test_later_is_never_both_ways",
    ),
    Planted(
        "initial values beat edits",
        "nothing lost",
        "syncd.rules.golden:decide",
        "_among_edits(asked, edits, pool) if edits else initial_priority(asked, pool)",
        "initial_priority(asked, pool)",
        GOLDEN + "test_an_edit_beats_every_initial_value",
    ),
    Planted(
        "an empty initial value may win",
        "nothing invented",
        "syncd.rules.golden:initial_priority",
        "(is_empty(statement.value), asked.rank(statement))",
        "asked.rank(statement)",
        GOLDEN + "test_an_empty_initial_value_never_wins_over_a_full_one",
    ),
    Planted(
        "losers are not told of",
        "explained",
        "syncd.rules.golden:_fresh",
        "",
        "return ()",
        GOLDEN + "test_every_loser_is_told_of",
    ),
    Planted(
        "the losers of a conflict that is settled are not told of",
        "explained",
        "syncd.rules.golden:_fresh",
        ", *(before.conflict if before else ())",
        "",
        GOLDEN + "test_every_loser_is_told_of",
    ),
    Planted(
        "another full name beside the same parts is no difference",
        "nothing lost",
        "syncd.rules.units:_full_fits",
        "",
        "return True",
        "tests/laws/test_units.py::test_the_last_edit_is_in_golden_word_by_word",
    ),
    Planted(
        "a clear that lost is not told of",
        "nothing lost",
        "syncd.rules.golden:_differs",
        "other.kind != 'initial' or not is_empty(other.value)",
        "not is_empty(other.value)",
        GOLDEN + "test_every_loser_is_told_of",
    ),
    Planted(
        "a pin is overruled",
        "explained",
        "syncd.rules.golden:decide",
        "if asked.pin is not None:",
        "if False:",
        GOLDEN + "test_a_pin_wins_over_everything",
    ),
    Planted(
        "anybody speaks of an owned field",
        "nothing invented",
        "syncd.rules.golden:_pool",
        "asked.policy.hears(statement.connection)",
        "True",
        GOLDEN + "test_only_an_owner_speaks_of_an_owned_field",
    ),
    Planted(
        "the least trusted wins",
        "order-free",
        "syncd.rules.golden:priority",
        "min(leading, key=asked.rank)",
        "max(leading, key=asked.rank)",
        GOLDEN + "test_a_conflict_is_decided_by_its_policy",
    ),
    # --- who is who ------------------------------------------------------------------------------
    Planted(
        "one e-mail is one person, whatever the names",
        "no wrong merges",
        "syncd.rules.identity:_agree",
        "",
        "return True",
        IDENTITY + "test_people_of_different_names_behind_one_address_stay_apart",
    ),
    Planted(
        "a person's word that two are different is not heard",
        "no wrong merges",
        "syncd.rules.identity:_Unions._forbidden",
        "",
        "return False",
        IDENTITY + "test_a_decision_of_difference_outranks_every_rule",
    ),
    Planted(
        "two people are joined by way of a third",
        "no wrong merges",
        "syncd.rules.identity:_Unions.names_contradict",
        "",
        "return False",
        IDENTITY + "test_people_of_different_names_behind_one_address_stay_apart",
    ),
    Planted(
        "two primaries of one connection are joined step by step",
        "no wrong merges",
        "syncd.rules.identity:_Unions._primaries_agree",
        "",
        "return True",
        IDENTITY + "test_two_records_of_one_connection_are_one_person_only_by_their_own_evidence",
    ),
    Planted(
        "who has a customer already may get another",
        "order-free",
        "syncd.rules.identity:_join_linked",
        "",
        "pass",
        IDENTITY + "test_a_decision_of_difference_outranks_every_rule",
    ),
    Planted(
        "a customer's records that share no key are not looked at",
        "no wrong merges",
        "syncd.sync.joining:_mates",
        "",
        "return []",
        CASE.format("second_primary"),
    ),
    Planted(
        "an e-mail that becomes another customer's is taken without asking",
        "no wrong merges",
        "syncd.sync.contested:_others",
        "",
        "return set()",
        CASE.format("email_of_another"),
    ),
    # --- plan ------------------------------------------------------------------------------------
    Planted(
        "a record's own initial value is overwritten",
        "nothing lost",
        "syncd.rules.hold:own_initial",
        "",
        "return False",
        CASE.format("differed_before_linking"),
    ),
    Planted(
        "what nobody filled is blanked",
        "nothing invented",
        "syncd.rules.plan:_may_empty",
        "",
        "return True",
        PLAN + "test_nothing_is_blanked_that_nobody_emptied",
    ),
    Planted(
        "what a record has is written again",
        "quiet",
        "syncd.rules.plan:_has_it",
        "",
        "return False",
        PLAN + "test_what_was_delivered_is_not_due_again",
    ),
    Planted(
        "a create does not wait for a look",
        "nothing twice",
        "syncd.rules.create:_looked",
        "",
        "return True",
        PLAN + "test_no_create_without_a_look_and_what_the_vendor_requires",
    ),
    Planted(
        "a duplicate is written",
        "nothing invented",
        "syncd.rules.plan:plan",
        "record.role == 'primary' and ",
        "",
        PLAN + "test_only_a_live_primary_record_is_updated",
    ),
    Planted(
        "an over-long value is sent",
        "nothing lost",
        "syncd.rules.hold:held_by_limits",
        "spec.maximum is not None",
        "False",
        CASE.format("over_long"),
    ),
    Planted(
        "a customer outside `only` is written",
        "guards hold",
        "syncd.rules.target:matches",
        "",
        "return True",
        CASE.format("parked"),
    ),
    # --- guard -----------------------------------------------------------------------------------
    Planted(
        "a limit is passed by one",
        "guards hold",
        "syncd.rules.guard:over_limits",
        "if count > limit.allows(records)",
        "if count > limit.allows(records) + 1",
        GUARD + "test_every_count_above_its_limit_is_named",
    ),
    Planted(
        "what went out today is forgotten",
        "guards hold",
        "syncd.rules.guard:counted",
        "already or Load()",
        "Load()",
        GUARD + "test_what_went_out_in_the_last_day_counts_too",
    ),
    Planted(
        "what comes in has no limits",
        "guards hold",
        "syncd.rules.guard:mass_change",
        "",
        "return []",
        GUARD + "test_what_comes_in_is_held_to_the_same_limits",
    ),
    # --- the way between them --------------------------------------------------------------------
    Planted(
        "a listing that lost half its customers is believed",
        "deletion needs evidence",
        "syncd.sync.absence:_is_broken",
        "",
        "return False",
        CASE.format("listing_suddenly_empty"),
    ),
    Planted(
        "a create is planned again while its outcome is not known",
        "nothing twice",
        "syncd.rules.create:why_not_created",
        "target.name in world.open_creates",
        "False",
        PLAN + "test_no_create_without_a_look_and_what_the_vendor_requires",
    ),
    # --- killed, and beside what fails -----------------------------------------------------------
    Planted(
        "what was sent when syncd was killed is sent again",
        "crash-safe",
        "syncd.sync.settle:recover",
        "operation.state = 'unknown'",
        "operation.state = 'planned'",
        CASE.format("killed_where_listings_lag"),
    ),
    Planted(
        "an update under way when syncd was killed is not doubted",
        "crash-safe",
        "syncd.sync.settle:recover",
        "if operation.draft.kind == 'update':",
        "if False:",
        CASE.format("killed_in_an_update"),
    ),
    Planted(
        "a refused operation takes the rest of its group along",
        "isolation",
        "syncd.sync.workers:_guarded",
        "except SyncdError as error:\n        task.problem = error",
        "except SyncdError:\n        raise",
        CASE.format("refused_beside_others"),
    ),
    Planted(
        "a row that cannot be read ends its page",
        "isolation",
        "syncd.sync.page:PageTaker._read",
        "",
        "return self.source.connector.read(item, started)",
        CASE.format("row_set_aside"),
    ),
    Planted(
        "a record found late takes the place of a person's own",
        "isolation",
        "syncd.sync.outcome:Concluding._give_way",
        "",
        "return None",
        CASE.format("found_beside_another"),
    ),
    Planted(
        "an undo empties the parts of a name that was known in full only",
        "reversible",
        "syncd.rules.units:taken_back",
        "",
        "return dict.fromkeys(after, '') | dict(before)",
        UNITS + "test_a_change_taken_back_empties_what_it_brought_and_never_a_name",
    ),
    Planted(
        "parts that are held are taken for the full name that was said since",
        "nothing lost",
        "syncd.rules.target:delivered",
        "if is_rendering_of_name(desired, {**golden.value, 'full_name': ''}):",
        "if True:",
        PLAN + "test_a_full_name_is_due_where_a_record_shows_parts_that_are_held_since",
    ),
    Planted(
        "an edit that waits in a duplicate speaks for its side of a split",
        "reversible",
        "syncd.rules.apart:_spoken",
        "record.role == 'primary' or one.kind == 'initial'",
        "True",
        APART + "test_a_record_of_our_making_says_what_nobody_else_on_its_side_says",
    ),
    Planted(
        "what was only filled in stays after a split",
        "reversible",
        "syncd.rules.apart:only_filled",
        "",
        "return {}",
        APART + "test_only_what_was_filled_in_and_is_nobodys_word_is_taken_back",
    ),
)
