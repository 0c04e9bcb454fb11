// SPDX-License-Identifier: Apache-2.0
#include "http/stop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/check.h"

namespace smic::http {

Stop::Stop() : event_(::eventfd(0, EFD_CLOEXEC)) {
  SMIC_CHECK(event_ >= 0, "no file descriptor is left for an eventfd");
}

Stop::~Stop() { ::close(event_); }

void Stop::stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
}

bool Stop::wait(std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd event{event_, POLLIN, 0};
    const int ready = ::poll(&event, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

}  // namespace smic::http
