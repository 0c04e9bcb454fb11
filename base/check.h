// SPDX-License-Identifier: Apache-2.0
// A broken invariant of our own: on in every build, and never reachable by input.
#pragma once

namespace smic {

[[noreturn]] void abort_with_bug(const char* file, int line, const char* message);

}  // namespace smic

#define SMIC_CHECK(condition, message)                                     \
  do {                                                                     \
    if (!(condition)) ::smic::abort_with_bug(__FILE__, __LINE__, message); \
  } while (false)
