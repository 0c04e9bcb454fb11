// SPDX-License-Identifier: Apache-2.0
// Tested by writer_test.cpp against scripted servers, and by tests/system against a real one.
#include "controller/kube/writer.h"

namespace smic::kube {

bool passes(Fault fault) {
  switch (fault) {
    case Fault::unreachable:
    case Fault::timed_out:
    case Fault::unauthorized:  // a token that is being replaced
    case Fault::throttled:
    case Fault::unavailable:
      return true;
    case Fault::stopped:
    case Fault::untrusted:
    case Fault::forbidden:
    case Fault::not_found:
    case Fault::conflict:
    case Fault::expired:
    case Fault::refused:
    case Fault::unreadable:
      return false;
  }
  return false;
}

Writer::Writer(Client& client, const Stop& stop, const Leadership& leadership, Limits limits,
               std::uint64_t seed)
    : client_(client),
      stop_(stop),
      leadership_(leadership),
      limits_(limits),
      rate_(limits.per_second, limits.burst),
      seeds_(seed) {}

template <class T>
ApiResult<T> Writer::persist(const std::function<ApiResult<T>()>& attempt, bool conflicts_too) {
  std::uint64_t seed = 0;
  {
    const std::lock_guard lock(mutex_);
    seed = seeds_();
  }
  Backoff backoff(limits_.backoff, seed);
  for (std::size_t tries = 1;; ++tries) {
    if (stop_.wait(rate_.take(Clock::now()))) return fault(Fault::stopped, "stopped");
    // Behind every wait, since leading may end in one.
    if (!leadership_.leads()) return fault(Fault::stopped, "this controller does not lead");
    auto done = attempt();
    if (done) return done;
    const Fault why = done.error().fault;
    const bool again = passes(why) || (conflicts_too && why == Fault::conflict);
    if (!again || tries >= limits_.tries) return done;
    if (stop_.wait(backoff.next(done.error().retry_after))) {
      return fault(Fault::stopped, "stopped");
    }
  }
}

ApiResult<std::optional<std::string>> Writer::create(const std::string& collection,
                                                     const std::string& body) {
  using Made = std::optional<std::string>;
  return persist<Made>([&]() -> ApiResult<Made> {
    auto made = client_.create(collection, body);
    if (made) return std::move(*made);
    if (made.error().reason == "AlreadyExists") return std::nullopt;
    return std::unexpected(made.error());
  });
}

ApiResult<bool> Writer::create_if_absent(const std::string& collection, const std::string& body) {
  const auto made = create(collection, body);
  if (!made) return std::unexpected(made.error());
  return made->has_value();
}

ApiResult<std::string> Writer::patch(const std::string& object, PatchType type,
                                     const std::string& body) {
  return persist<std::string>([&] { return client_.patch(object, type, body); });
}

ApiResult<std::string> Writer::apply(const std::string& object, const std::string& body,
                                     const Applier& as) {
  return persist<std::string>([&] { return client_.apply(object, body, as); });
}

ApiResult<bool> Writer::remove(const std::string& object) {
  return persist<bool>([&]() -> ApiResult<bool> {
    const auto removed = client_.remove(object);
    if (removed) return true;
    if (removed.error().fault == Fault::not_found) return false;
    return std::unexpected(removed.error());
  });
}

ApiResult<bool> Writer::change(const std::string& object, const Edit& edit) {
  return persist<bool>(
      [&]() -> ApiResult<bool> {
        const auto read = client_.get(object);
        if (!read) return std::unexpected(read.error());
        auto edited = edit(*read);
        if (!edited) return std::unexpected(edited.error());
        if (!*edited) return false;
        const auto written = client_.replace(object, std::move(**edited));
        if (!written) return std::unexpected(written.error());
        return true;
      },
      true);
}

}  // namespace smic::kube
