// SPDX-License-Identifier: Apache-2.0
// Tested by informer_test.cpp against scripted servers, and against a real one that is killed,
// restarted and compacted by tests/system.
#include "controller/kube/informer.h"

#include "base/log.h"
#include "controller/kube/list_kind.h"

namespace smic::kube {
namespace {

constexpr std::size_t kTimesMissing = 2;  // until the objects of a kind that was there are gone
constexpr std::size_t kTriesInPlace = 3;  // to take up a watch, before everything is listed again

}  // namespace

struct Informer::Impl {
  const WatchedKind& kind;
  Client& client;
  const Stop& stop;
  Sink& store;
  const Patience patience;
  Backoff backoff;
  std::mt19937_64 random;

  Resource resource = {};         // in the version that is served
  std::string version = {};       // resourceVersion of what is in the store; empty = list
  std::size_t times_missing = 0;  // in a row
  bool absence_told = false;
  bool present = false;      // it was listed, and has not been missing since
  std::size_t failures = 0;  // in a row
  std::string trouble = {};  // what was logged of them

  void run() {
    while (!stop.stopped()) {
      const auto done = version.empty() ? list() : watch();
      if (done) continue;
      if (done.error().fault == Fault::stopped) return;
      if (done.error().fault == Fault::not_found) {
        version.clear();
        if (kind.has_crd) {
          missing();
          continue;
        }
      }
      recover(done.error());
    }
  }

  // ---- list --------------------------------------------------------------------------------

  ApiResult<void> list() {
    const Clock::time_point start = Clock::now();
    auto listed = list_kind(client, kind, patience.page);
    if (!listed) return std::unexpected(listed.error());
    resource = std::move(listed->resource);
    const std::size_t count = listed->objects.size();
    const bool changed = store.replace(kind.kind, std::move(listed->objects));
    version = std::move(listed->version);
    times_missing = 0;
    absence_told = false;
    if ((!present || changed) && !patience.quiet) log_listed(count, start);
    present = true;
    healthy();
    return {};
  }

  void log_listed(std::size_t count, Clock::time_point start) const {
    const auto time =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
    log_info("listed", {{"kind", kind.kind},
                        {"version", resource.api_version()},
                        {"objects", std::to_string(count)},
                        {"milliseconds", std::to_string(time)}});
  }

  // ---- watch -------------------------------------------------------------------------------

  ApiResult<void> watch() {
    const Clock::time_point start = Clock::now();
    const Shape as = shape_of(kind, resource);
    bool any = false;
    // Not all at the same time, or the API would have to take them up again at the same time, too.
    const auto spread =
        std::uniform_int_distribution<std::int64_t>(0, patience.watch.count())(random);
    const auto ended =
        client.watch(resource, version, patience.watch + std::chrono::seconds(spread),
                     [&](std::string_view line) -> ApiResult<void> {
                       auto event = read_event(line, as);
                       if (!event) return std::unexpected(event.error());
                       any = true;
                       healthy();
                       take(std::move(*event));
                       return {};
                     });
    if (!ended) return ended;
    if (any || Clock::now() - start >= patience.short_watch) return {};
    return fault(Fault::unavailable, "the server ended a watch at once");
  }

  void take(Event event) {
    version = event.object.version;
    switch (event.type) {
      case Event::Type::put:
        return store.put(kind.kind, std::move(event.object));
      case Event::Type::removed:
        return store.remove(kind.kind, event.object);
      case Event::Type::bookmark:
        return;
    }
  }

  // ---- when it fails -----------------------------------------------------------------------

  void missing() {
    const bool sure = !present || ++times_missing == kTimesMissing;
    if (sure && !std::exchange(absence_told, true) && !patience.quiet) {
      log_warning(
          "kind is not served",
          {{"kind", kind.kind}, {"group", kind.group}, {"help", "apply deploy/crds to use it"}});
    }
    if (sure) {
      store.replace(kind.kind, {});
      present = false;
    }
    stop.wait(patience.missing);
  }

  // To take up a watch where it ended is safe after whatever happened to the connection. After
  // anything else the place in the stream is in doubt, and so it is if it does not help.
  void recover(const ApiError& error) {
    const bool same_place = error.fault == Fault::unreachable || error.fault == Fault::timed_out ||
                            error.fault == Fault::throttled || error.fault == Fault::unauthorized ||
                            error.fault == Fault::unavailable || error.fault == Fault::untrusted;
    ++failures;
    if (!same_place || failures >= kTriesInPlace) version.clear();
    if (!patience.quiet) tell(error);
    stop.wait(backoff.next(error.retry_after));
  }

  void tell(const ApiError& error) {
    if (error.fault == Fault::expired) {
      log_info("the API forgot where we were, so everything is listed again",
               {{"kind", kind.kind}});
    } else if (error.told() != trouble) {
      trouble = error.told();
      log_warning("lost touch with the API", {{"kind", kind.kind}, {"reason", trouble}});
    }
  }

  void healthy() {
    backoff.reset();
    failures = 0;
    if (!std::exchange(trouble, {}).empty()) {
      log_info("in touch with the API again", {{"kind", kind.kind}});
    }
  }
};

Informer::Informer(const WatchedKind& kind, Client& client, const Stop& stop, Sink& sink,
                   Patience patience, std::uint64_t seed)
    : impl_(new Impl{kind, client, stop, sink, patience, Backoff(patience.backoff, seed),
                     std::mt19937_64(seed)}),
      thread_([impl = impl_.get()] { impl->run(); }) {}

Informer::~Informer() { thread_.join(); }

}  // namespace smic::kube
