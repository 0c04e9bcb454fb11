// SPDX-License-Identifier: Apache-2.0
// Every code that a diagnostic can carry, with one line of meaning. A code is reported only if it
// is in this list (tests/unit/diagnostics/codes_test.cpp reads our sources), and the page
// docs/diagnostics.md is checked against it.
//
//   E01–E16, W01–W20   the SMI reference's own (§7); their meaning is not ours to change
//   E50…, W50…, N50…   ours
//
// Who reports what: compiler/resources everything that one object shows alone; compiler/model what
// needs other objects or the way names resolve (E03, E10, E13, E14, E15, and W-codes but W03, W05,
// W15, W16); compiler/text E52 and E53, and E03 of a .smir.
#pragma once

#include <span>
#include <string_view>

namespace smic {

struct Code {
  std::string_view code;
  std::string_view meaning;
};

std::span<const Code> all_codes();

// The meaning of `code`, empty if it is none of ours.
std::string_view meaning_of(std::string_view code);

}  // namespace smic
