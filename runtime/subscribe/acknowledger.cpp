// SPDX-License-Identifier: Apache-2.0
#include "runtime/subscribe/acknowledger.h"

#include <random>

#include "base/log.h"

namespace smic::subscribe {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;
constexpr http::Backoff::Limits kAgain{std::chrono::milliseconds(200),
                                       std::chrono::milliseconds(15'000)};

bool same_place(const LinkOptions& a, const LinkOptions& b) {
  return a.address == b.address && a.replica == b.replica && a.authorities == b.authorities;
}

}  // namespace

std::string to_json(const Acknowledgement& acknowledgement) {
  const contract::Head& head = acknowledgement.head;
  std::string text = "{\"node\":\"" + json_escape(head.node) +
                     "\",\"epoch\":" + std::to_string(head.epoch) +
                     ",\"version\":" + std::to_string(head.version);
  if (!acknowledgement.refused.empty()) {
    text += ",\"refused\":\"" + json_escape(acknowledgement.refused) + '"';
  }
  return text + "}\n";
}

Acknowledger::Acknowledger(const http::Stop& stop) : stop_(stop), thread_([this] { run(); }) {}

Acknowledger::~Acknowledger() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  condition_.notify_all();
  thread_.join();
}

void Acknowledger::say(LinkOptions to, Acknowledgement what) {
  {
    const std::lock_guard lock(mutex_);
    next_ = Errand{std::move(to), std::move(what)};
  }
  condition_.notify_all();
}

void Acknowledger::run() {
  std::optional<LinkOptions> where;
  std::optional<Link> link;
  http::Backoff backoff(kAgain, std::random_device()());
  for (;;) {
    Errand errand;
    {
      std::unique_lock lock(mutex_);
      condition_.wait(lock, [this] { return next_ || ending_; });
      if (ending_) return;
      errand = *std::exchange(next_, std::nullopt);
    }
    if (!where || !same_place(*where, errand.to)) {
      where = errand.to;
      link.emplace(errand.to, stop_);
    }
    const auto said =
        link->ask({"POST", "/v1/ack", "application/json", to_json(errand.what)}, kMaxAnswer);
    if (said) {
      backoff.reset();
      continue;
    }
    // The watch finds out for itself whether anybody is there, and says it again to who is next.
    log_debug("not acknowledged", {{"reason", said.error().told()}});
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, backoff.next(said.error().retry_after),
                        [this] { return next_ || ending_; });
    if (!next_) next_ = std::move(errand);
  }
}

}  // namespace smic::subscribe
