// SPDX-License-Identifier: Apache-2.0
// Tested by tests/system/cluster_dns_test.py.
#include "controller/cluster_dns/manager.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "controller/cluster_dns/answered.h"
#include "controller/cluster_dns/carry_out.h"
#include "controller/cluster_dns/failures.h"

namespace smic::cluster_dns {
namespace {

using Clock = std::chrono::steady_clock;
using Phase = State::Phase;

Phase phase_of(Trouble::Kind kind) {
  switch (kind) {
    case Trouble::Kind::waiting:
    case Trouble::Kind::conflict:  // the next look decides anew
      return Phase::waiting;
    case Trouble::Kind::refused:
      return Phase::refused;
    case Trouble::Kind::not_live:
      return Phase::not_live;
    case Trouble::Kind::world:
      break;
  }
  return Phase::failed;
}

// ---- the component ------------------------------------------------------------------------------

class RunningManager final : public Manager {
 public:
  RunningManager(kube::Client& client, const kube::Stop& stop, ManagerOptions options, Leads leads,
                 Tell tell)
      : options_(std::move(options)),
        leads_(std::move(leads)),
        tell_(std::move(tell)),
        stop_(stop),
        client_(client),
        answered_(options_) {
    rounds_ = std::thread([this] { run(); });
    watch_ = std::thread([this] { watch(); });
  }

  ~RunningManager() override {
    poke();
    rounds_.join();
    watch_.join();
  }

  void want(Wish wish) override {
    {
      const std::lock_guard lock(mutex_);
      if (wish_ == wish) return;
      wish_ = std::move(wish);
      wished_ = Clock::now();
    }
    poke();
  }

  State state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  void poke() {
    {
      const std::lock_guard lock(mutex_);
      poked_ = true;
    }
    condition_.notify_all();
  }

  // What is wanted, after something happened or the interval is over; nothing: the end.
  std::optional<Wish> next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      // Responders learn of a namespace from the same manifest as we, a moment later.
      const bool soon = answered_.missing() && Clock::now() < wished_ + options_.grace;
      condition_.wait_for(lock, soon ? options_.patience.between : options_.interval,
                          [this] { return poked_; });
      poked_ = false;
      if (stop_.stopped()) return std::nullopt;
      if (wish_) return wish_;
    }
  }

  bool is_outdated(const Wish& wish) const {
    const std::lock_guard lock(mutex_);
    return wish_ != wish;
  }

  void run() {
    while (const auto wish = next()) {
      if (!leads_()) {
        failures_.clear();
        proven_.reset();
        tell({});
        continue;
      }
      tell(round(*wish));
    }
  }

  // Our own writes come back as events too, and are one more look that finds nothing to do.
  void watch() {
    const kube::Resource maps{"", "v1", "namespaces/" + std::string(kDnsNamespace) + "/configmaps"};
    while (!stop_.stopped()) {
      if (leads_()) {
        client_.watch(maps, "0", std::chrono::seconds(300), [this](std::string_view) {
          poke();
          return kube::ApiResult<void>{};
        });
      }
      if (stop_.wait(options_.interval)) return;
    }
  }

  void tell(State state) {
    {
      const std::lock_guard lock(mutex_);
      if (state == state_) return;
      state_ = state;
    }
    std::string zones;
    for (const std::string& zone : state.zones) zones += (zones.empty() ? "" : " ") + zone;
    const bool bad = state.phase == Phase::refused || state.phase == Phase::not_live;
    log_line(bad ? LogLevel::warning : LogLevel::info, "cluster DNS",
             {{"state", std::string(name_of(state.phase))},
              {"dns", state.dns},
              {"zones", zones},
              {"reason", state.reason}});
    if (tell_) tell_(state);
  }

  State round(const Wish& wish) {
    State state;
    const auto done = make_it_so(wish, state);
    if (done) {
      state.phase = Phase::live;
      return state;
    }
    state.phase = phase_of(done.error().kind);
    state.reason = done.error().message;
    return state;
  }

  Outcome<void> make_it_so(const Wish& wish, State& state) {
    const auto running = find_dns(client_);
    if (!running) return std::unexpected(running.error());
    state.dns =
        running->ns + '/' + running->configuration.config_map + ' ' + running->configuration.key;
    const auto texts = read_texts(client_, *running);
    if (!texts) return std::unexpected(texts.error());
    const auto responders = find_responders(client_, options_.ns, options_.service);
    if (!responders) return std::unexpected(responders.error());
    const auto zones = answered_.choose(wish, responders->servers, *texts);
    if (zones.empty()) return wait_for("no responder of the mesh answers yet");
    const dns_stub::Stub stub{
        .zones = zones, .responders = responders->addresses, .verify_stale = !is_old(*texts)};
    auto done = bring(wish, *running, *texts, stub, responders->servers);
    if (done) state.zones = zones;
    return done;
  }

  // CoreDNS before 1.9.4 does not load a block with `verify`. Which one runs is seen by trying, and
  // remembered in the block itself.
  bool is_old(const Texts& texts) const {
    if (without_verify_) return true;
    const auto old = [](const ConfigMap& map) {
      return std::ranges::any_of(map.data, [](const auto& entry) {
        return dns_stub::has_block(entry.second) &&
               entry.second.find("serve_stale 1h\n    }\n    forward") != std::string::npos;
      });
    };
    return old(texts.configuration) ||
           std::ranges::any_of(texts.mounted,
                               [&old](const auto& entry) { return old(entry.second); });
  }

  Outcome<void> bring(const Wish& wish, const Running& running, const Texts& texts,
                      const dns_stub::Stub& stub, const std::vector<Server>& responders) {
    const std::string what = fingerprint(texts, stub);
    if (auto trouble = failures_.of(what)) return std::unexpected(std::move(*trouble));
    auto plan = plan_to_add(running, texts, stub);
    auto done = plan ? carry_out(wish, running, *plan, stub, what, responders)
                     : Outcome<void>(std::unexpected(plan.error()));
    if (done) {
      tried_ = false;
      failures_.clear();
    } else if (done.error().kind == Trouble::Kind::not_live && stub.verify_stale &&
               running.configuration.kind == Kind::coredns) {
      // Once more as it is: CoreDNS misses a change that falls into a reload of it.
      without_verify_ = std::exchange(tried_, !tried_);
      poke();
    } else if (done.error().kind == Trouble::Kind::not_live) {
      without_verify_ = false;
      failures_.add(fingerprint(texts, {stub.zones, stub.responders, true}), done.error());
    }
    return done;
  }

  Outcome<void> carry_out(const Wish& wish, const Running& running, const Plan& plan,
                          const dns_stub::Stub& stub, const std::string& what,
                          const std::vector<Server>& responders) {
    if (!plan.edits.empty()) {
      log_info("cluster DNS written", {{"difference", difference(plan)}});
      // What nobody answers for any more cannot go live, and is no reason to take anything back.
      const auto outdated = [&] {
        return is_outdated(wish) || std::ranges::none_of(responders, [&](const Server& server) {
                 return answers_for(server, stub.zones.front(), options_.patience.answer);
               });
      };
      auto done = bring_live(client_, stop_, running, plan,
                             {.ours = stub.zones, .outdated = outdated}, options_.patience);
      if (done) proven_.reset();
      return done;
    }
    if (proven_ == what) return {};
    return prove(running, plan, stub, what, responders);
  }

  // It stands there, by whoever was here before us: does the DNS live by it? Only where somebody
  // answers can it be told.
  Outcome<void> prove(const Running& running, const Plan& plan, const dns_stub::Stub& stub,
                      const std::string& what, const std::vector<Server>& responders) {
    Expectation expected{.outside = outside_name(plan.cluster_domain)};
    for (const std::string& zone : stub.zones) {
      if (all_answer_for(responders, zone, options_.patience.answer)) expected.ours.push_back(zone);
    }
    const auto outside = ask_outside(running.servers, expected.outside, options_.patience);
    if (!outside) return std::unexpected(outside.error());
    expected.outside_rcode = *outside;
    const auto now = Clock::now();
    const auto missing = complaint(running.servers, expected, options_.patience);
    if (!missing) {
      proven_ = what;
      unproven_.reset();
      return {};
    }
    if (!unproven_) unproven_ = now;
    if (now - *unproven_ < options_.patience.live) return wait_for("not live yet: " + *missing);
    unproven_.reset();
    return take_back(running, *missing);
  }

  Outcome<void> take_back(const Running& running, const std::string& missing) {
    const auto texts = read_texts(client_, running);
    if (!texts) return std::unexpected(texts.error());
    const auto plan = plan_to_restore(running, *texts);
    if (!plan) return std::unexpected(plan.error());
    if (auto written = write(client_, *plan); !written) return written;
    touch(client_, running);
    return std::unexpected(Trouble{Trouble::Kind::not_live, missing});
  }

  // By what stands there without us: our own writes and their undoing change nothing of it.
  static std::string fingerprint(const Texts& texts, const dns_stub::Stub& stub) {
    std::string text;
    const auto add = [&text](const ConfigMap& map) {
      for (const auto& [key, value] : map.data) {
        if (!dns_stub::has_block(value)) {
          text += key + '=' + value + '\0';
          continue;
        }
        Sources sources;
        Diagnostics unheard(sources);
        const SourceId id = sources.add(key, value);
        const auto bare = dns_stub::take_from_corefile(sources, id, unheard).value_or(value);
        if (!bare.empty()) text += key + '=' + bare + '\0';
      }
    };
    add(texts.configuration);
    for (const auto& [directory, map] : texts.mounted) add(map);
    for (const auto* list : {&stub.zones, &stub.responders}) {
      for (const std::string& each : *list) text += each + ' ';
    }
    return text + (stub.verify_stale ? "verify" : "");
  }

  const ManagerOptions options_;
  const Leads leads_;
  const Tell tell_;
  const kube::Stop& stop_;
  kube::Client& client_;
  Answered answered_;
  Failures failures_;
  bool without_verify_ = false;
  bool tried_ = false;                         // once, in vain
  std::optional<std::string> proven_;          // the fingerprint that was seen live
  std::optional<Clock::time_point> unproven_;  // since when it should be live and is not

  mutable std::mutex mutex_;
  std::condition_variable condition_;
  bool poked_ = false;
  std::optional<Wish> wish_;
  Clock::time_point wished_;
  State state_;

  std::thread rounds_;
  std::thread watch_;
};

}  // namespace

std::string_view name_of(State::Phase phase) {
  switch (phase) {
    case Phase::standby:
      return "standby";
    case Phase::waiting:
      return "waiting";
    case Phase::live:
      return "live";
    case Phase::refused:
      return "refused";
    case Phase::not_live:
      return "not live";
    case Phase::failed:
      return "failed";
  }
  return {};
}

std::unique_ptr<Manager> Manager::start(kube::Client& client, const kube::Stop& stop,
                                        ManagerOptions options, Leads leads, Tell tell) {
  return std::make_unique<RunningManager>(client, stop, std::move(options), std::move(leads),
                                          std::move(tell));
}

}  // namespace smic::cluster_dns
