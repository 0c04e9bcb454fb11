// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace smic {

// Does job(0) … job(count - 1), each once, on at most `threads` threads, this one among them, and
// returns when all are done. Which thread does which is chance, so a job writes only what is its
// own; then the result is the same whatever the number of threads.
void in_parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& job);

// As many threads as the machine runs at once; at least 1.
unsigned machine_threads();

}  // namespace smic
