// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace smic {

void abort_with_bug(const char* file, int line, const char* message) {
  std::fprintf(stderr, "bug: %s (%s:%d)\n", message, file, line);
  std::abort();
}

}  // namespace smic
