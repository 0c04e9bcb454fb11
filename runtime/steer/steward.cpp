// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/steer/steward_test.cpp.
#include "runtime/steer/steward.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace smic::steer {
namespace {

using Sets = std::array<__user_cap_data_struct, 2>;  // capabilities 0-31, 32-63

constexpr std::array<std::pair<int, const char*>, 4> kUseful{
    {{CAP_NET_ADMIN, "NET_ADMIN"},
     {CAP_BPF, "BPF"},
     {CAP_SYS_ADMIN, "SYS_ADMIN"},
     {CAP_NET_BIND_SERVICE, "NET_BIND_SERVICE"}}};

long on_own(long call, Sets& sets) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(call, &header, sets.data());
}

}  // namespace

Steward::Steward() : thread_([this] { serve(); }) {}

Steward::~Steward() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Steward::run(const std::function<void()>& work) {
  const std::lock_guard turn(one_at_a_time_);
  std::unique_lock lock(mutex_);
  work_ = &work;
  changed_.notify_all();
  changed_.wait(lock, [this] { return work_ == nullptr; });
}

void Steward::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return work_ != nullptr || stopped_; });
    if (work_ == nullptr) return;
    (*work_)();
    work_ = nullptr;
    changed_.notify_all();
  }
}

Result<void> give_up_capabilities() {
  Sets none{};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && on_own(SYS_capset, none) == 0) return {};
  return fail(std::string("give up capabilities: ") + std::strerror(errno));
}

std::string useful_capabilities() {
  Sets sets{};
  std::string names;
  if (on_own(SYS_capget, sets) != 0) return names;
  for (const auto& [number, name] : kUseful) {
    const auto word = static_cast<std::size_t>(number / 32);
    if ((sets[word].effective >> number % 32 & 1) == 0) continue;
    names += (names.empty() ? "" : " ") + std::string(name);
  }
  return names;
}

}  // namespace smic::steer
