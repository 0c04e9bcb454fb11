// SPDX-License-Identifier: Apache-2.0
#include "runtime/subscribe/acknowledger.h"

#include "base/log.h"

namespace smic::subscribe {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024;

bool same_place(const LinkOptions& a, const LinkOptions& b) {
  return a.address.host == b.address.host && a.address.port == b.address.port &&
         a.authorities == b.authorities;
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
    // The watch finds out for itself whether anybody is there; the next one says it again.
    if (!said) log_debug("not acknowledged", {{"reason", said.error().told()}});
  }
}

}  // namespace smic::subscribe
