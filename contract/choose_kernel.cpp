// SPDX-License-Identifier: Apache-2.0
// Tested by the differential tests, which run tables by the kernel that is chosen here, while
// tests/unit/decision asks the plain one.
#include "contract/kernel.h"

namespace smic::contract {

#if defined(__x86_64__)
extern "C" void smic_kernel_match_v3(const uint8_t*, const RequestView*, Verdict*);
extern "C" uint32_t smic_kernel_split_v3(const uint8_t*, uint32_t, uint64_t);
#endif

const Kernel& kernel() {
  static const Kernel chosen = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v3") != 0) {
      return Kernel{smic_kernel_match_v3, smic_kernel_split_v3};
    }
#endif
    return Kernel{smic_kernel_match, smic_kernel_split};
  }();
  return chosen;
}

}  // namespace smic::contract
