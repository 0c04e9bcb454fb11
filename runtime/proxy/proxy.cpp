// SPDX-License-Identifier: Apache-2.0
// Start, change and end of a proxy: what happens to all workers together.
#include "runtime/proxy/proxy.h"

#include <sys/resource.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>

#include "base/check.h"
#include "base/log.h"
#include "contract/edges.h"
#include "runtime/proxy/control.h"
#include "runtime/proxy/documents.h"
#include "runtime/proxy/flow_table.h"
#include "runtime/proxy/listener_table.h"
#include "runtime/proxy/policy_table.h"
#include "runtime/proxy/worker.h"

namespace smic::proxy {
namespace {

// Ten thousand units on every worker need descriptors; the hard limit is the operator's word.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  SMIC_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

// Tells one start of a proxy from another.
std::string random_name() {
  std::random_device chance;
  return std::to_string(std::uint64_t{chance()} << 32 | chance());
}

// Counts workers down.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : left_(count) {}
  void arrive() {
    const std::lock_guard lock(mutex_);
    if (left_ > 0 && --left_ == 0) all_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    all_.wait(lock, [this] { return left_ == 0; });
  }
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return all_.wait_for(lock, time, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_;
  std::size_t left_;
};

constexpr unsigned kLongestRetryChores = 64;  // a chore comes every second

class ProxyOfWorkers : public Proxy {
 public:
  ProxyOfWorkers(Options options, std::size_t workers)
      : shared_(std::move(options), workers),
        steering_(shared_.options.steward, workers, shared_.options.steering),
        listeners_(workers, shared_.options.exclusive_addresses, &steering_,
                   shared_.options.node_addresses) {
    for (std::size_t i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<Worker>(shared_, i));
    }
  }

  Result<void> start_control() {
    auto control = Control::start(
        {shared_.options.admin_address, !shared_.options.exclusive_addresses,
         shared_.options.admin_socket},
        [this](const std::string& path) { return reply(path); },
        [this] {
          shared_.cell.reclaim();
          retry_unbound();
        });
    if (!control) return std::unexpected(control.error());
    control_ = std::move(*control);
    if (!shared_.options.admin_waits_for_snapshot) control_->open();
    return {};
  }

  ~ProxyOfWorkers() override {
    prover_.stop();
    control_.reset();
    workers_.clear();
  }

  Result<void> apply(std::shared_ptr<const program::Snapshot> snapshot) override {
    const std::lock_guard lock(changing_);
    if (drained_) return fail("the proxy is draining");
    auto change = prepare(snapshot);
    if (!change) return std::unexpected(change.error());
    // From here on nothing can fail.
    const bool first = shared_.cell.current() == nullptr;
    enforce(snapshot, *change);
    prove_steering();
    control_->post([this] { shared_.cell.reclaim(); });
    if (first && shared_.options.admin_waits_for_snapshot) control_->open();
    return {};
  }

  std::vector<steer::RangeStatus> steering() const override { return steering_.status(); }

  std::vector<std::string> listens_on(const contract::Unit& unit) const override {
    const std::lock_guard lock(changing_);
    std::vector<std::string> addresses;
    const auto wanted = ListenAddress::all_of(unit, shared_.options.node_addresses);
    if (!wanted) return addresses;
    for (const ListenAddress& where : *wanted) {
      if (!unbound_.contains(where.to_string())) addresses.push_back(where.address.to_string());
    }
    return addresses;
  }

  bool drain(std::chrono::milliseconds deadline) override {
    prover_.stop();
    {
      const std::lock_guard lock(changing_);
      drained_ = true;
      steering_.stop();
    }
    const auto drained = std::make_shared<Countdown>(workers_.size());
    for (const auto& worker : workers_) {
      worker->loop().post([worker = worker.get(), drained] {
        worker->start_draining([drained, told = false]() mutable {
          if (!std::exchange(told, true)) drained->arrive();
        });
      });
    }
    const bool complete = drained->wait_for(deadline);
    control_.reset();
    workers_.clear();
    return complete;
  }

  std::string admin_address() const override {
    return control_ == nullptr ? std::string() : control_->address();
  }

  void serve_json(std::string path, std::function<std::string()> document) override {
    const std::lock_guard lock(documents_mutex_);
    documents_[std::move(path)] = std::move(document);
  }

  void add_metrics(std::function<std::string()> more) override {
    const std::lock_guard lock(documents_mutex_);
    more_metrics_ = std::move(more);
  }

 private:
  using Unhad = ListenerTable::Unhad;
  Result<ListenerTable::Change> prepare(const std::shared_ptr<const program::Snapshot>& snapshot,
                                        Unhad unhad = Unhad::leave) {
    if (const auto used = steering_.use(snapshot->mesh_ranges); !used) {
      return std::unexpected(used.error());
    }
    Result<ListenerTable::Change> change;
    steering_.privileged(
        [&] { change = listeners_.prepare(snapshot, unhad); });  // ports below 1024
    return change;
  }

  void enforce(const std::shared_ptr<const program::Snapshot>& snapshot,
               ListenerTable::Change& change) {
    publish(snapshot, change.bound);
    // What is steered is known to the workers before the first of it arrives, and until the last.
    for (const auto& one : change.closing) {
      if (one.steered) steering_.remove(one.where.address, one.where.kind);
    }
    tell_workers(change);
    for (const auto& one : change.opening) {
      if (one.steered) start_to_steer(one.where);
    }
    listeners_.commit(change);
    report(change);
    change.opening.clear();  // the workers have taken the sockets
    SMIC_CHECK(shared_.cell.enforced_by_all(snapshot->version),
               "a worker has not taken up a snapshot");
  }

  void start_to_steer(const ListenAddress& where) {
    const auto steered = steering_.add(where.address, where.kind);
    if (steered) return;
    log_error("an address is not steered",
              {{"address", where.to_string()}, {"reason", steered.error().message}});
  }

  void try_again_soon() { retry_chores_ = retry_in_ = 1; }

  // A chore of the control thread, since a change of rules does not wait for it.
  void retry_unbound() {
    const std::unique_lock lock(changing_, std::try_to_lock);
    const bool wanting = !unbound_.empty() || !steering_.complete();
    if (!lock || drained_ || !wanting || --retry_in_ > 0) return;
    const auto snapshot = shared_.cell.current();
    if (auto change = prepare(snapshot, Unhad::try_again); change && !change->opening.empty()) {
      enforce(snapshot, *change);
    }
    prove_steering();
    retry_chores_ = std::min(retry_chores_ * 2, kLongestRetryChores);
    retry_in_ = retry_chores_;
  }

  // The view is stored first and owned by what is published, so that whoever sees the snapshot
  // sees a view at least as new, and neither goes before every worker has been quiet.
  void publish(const std::shared_ptr<const program::Snapshot>& snapshot,
               std::vector<View::Bound> bound) {
    auto view = std::make_shared<View>();
    view->snapshot = snapshot;
    view->listeners = std::move(bound);
    view->policies = policies_.take_up(snapshot);
    view->serial = ++serial_;
    shared_.view.store(view.get(), std::memory_order_release);
    shared_.cell.publish(std::shared_ptr<const program::Snapshot>(view, snapshot.get()));
  }

  void tell_workers(const ListenerTable::Change& change) {
    Countdown adopted(workers_.size());
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      workers_[i]->loop().post([&, i, sockets = steering_.take_sockets(i)] {
        Worker& worker = *workers_[i];
        worker.adopt_view();
        worker.add_steered_sockets(sockets);
        follow(worker, change, i);
        adopted.arrive();
      });
    }
    adopted.wait();
  }

  static void follow(Worker& worker, const ListenerTable::Change& change, std::size_t index) {
    for (const auto& one : change.closing) {
      if (one.steered) {
        worker.remove_steered(one.key, one.where);
      } else {
        worker.close_listener(one.key);
      }
    }
    for (const auto& one : change.opening) {
      if (one.steered) {
        worker.add_steered(one.key, one.where, one.answers.get());
      } else {
        worker.add_listener(one.key, one.fds[index], one.where.kind);
      }
    }
  }

  // Whenever something has changed about how traffic gets here. Takes a second or two, and nobody
  // waits for it but readiness.
  void prove_steering() {
    auto status = steering_.status();
    if (!shared_.options.prove_steering || status == proven_for_) return;
    proven_for_ = std::move(status);
    prover_.ask();
  }

  std::vector<steer::Proof> prove(int stop) {
    const auto exclusively = [this](const std::function<void()>& work) {
      const std::lock_guard lock(changing_);
      work();
    };
    return steer::prove(steering_, exclusively, stop);
  }

  void take_proofs(std::vector<steer::Proof> proofs) {
    for (const steer::Proof& proof : proofs) {
      log_line(proof.holds ? LogLevel::info : LogLevel::error,
               proof.holds ? "mesh range proven" : "mesh range does not work on this node",
               {{"range", proof.range.to_string()},
                {"tried_as", proof.as_a_pod ? "a pod" : "the node"},
                {"told", proof.told}});
      if (proof.forged.empty()) continue;
      log_warning("callers can be forged on this node",
                  {{"range", proof.range.to_string()}, {"told", proof.forged}});
    }
    const std::lock_guard lock(documents_mutex_);
    proofs_ = std::move(proofs);
  }

  // Why this node's pods cannot rely on the mesh; empty: they can.
  std::string unproven() {
    for (const steer::RangeStatus& each : steering_.status()) {
      if (each.how == steer::RangeStatus::How::unavailable) return each.reason;
    }
    if (prover_.pending()) return "mesh ranges are being tried";
    const std::lock_guard lock(documents_mutex_);
    for (const steer::Proof& proof : proofs_) {
      if (!proof.holds) return proof.told;
    }
    return {};
  }

  std::vector<steer::Proof> proofs() {
    const std::lock_guard lock(documents_mutex_);
    return proofs_;
  }

  void report_steering() {
    auto now = steering_.status();
    if (now == steering_told_) return;
    for (const steer::RangeStatus& each : now) {
      const bool wanting = each.how == steer::RangeStatus::How::unavailable ||
                           (each.how == steer::RangeStatus::How::bound &&
                            shared_.options.steering == steer::Mode::automatic);
      log_line(wanting ? LogLevel::warning : LogLevel::info, "mesh range",
               {{"range", each.range.to_string()},
                {"traffic", std::string(word_of(each.how))},
                {"reason", each.reason}});
    }
    steering_told_ = std::move(now);
    try_again_soon();
  }

  void report(ListenerTable::Change& change) {
    report_steering();
    for (const auto& one : change.opening) {
      const bool late = unbound_.contains(one.where.to_string());
      log_line(late ? LogLevel::info : LogLevel::debug, "listening",
               {{"address", one.where.to_string()}});
    }
    for (const auto& one : change.closing) {
      log_debug("closed", {{"address", one.where.to_string()}});
    }
    if (change.unbound == unbound_known_) return;
    unbound_known_ = change.unbound;
    std::set<std::string> unbound;
    for (const auto& one : *change.unbound) {
      const bool known = unbound_.contains(*unbound.insert(one.where.to_string()).first);
      if (known) continue;
      try_again_soon();
      log_error("an address cannot be had; trying again",
                {{"unit", one.unit}, {"reason", one.reason}});
    }
    unbound_ = std::move(unbound);
    unbound_count_ = unbound_.size();
  }

  AdminReply reply(const std::string& path) {
    const auto snapshot = shared_.cell.current();
    if (path == "/metrics") return {200, "text/plain; version=0.0.4", metrics(snapshot.get())};
    if (path == "/edges") return {200, "application/json", edges()};
    if (path == "/healthz") return {200, "application/json", "{\"status\":\"ok\"}\n"};
    if (path == "/readyz") {
      if (snapshot == nullptr) return {503, "application/json", "{\"status\":\"no snapshot\"}\n"};
      if (drained_) return {503, "application/json", "{\"status\":\"draining\"}\n"};
      if (const std::string why = unproven(); !why.empty()) {
        return {503, "application/json", "{\"status\":\"" + json_escape(why) + "\"}\n"};
      }
      return {200, "application/json", "{\"status\":\"ready\"}\n"};
    }
    if (path == "/steering") {
      return {200, "application/json", steering_document(steering_.status(), proofs())};
    }
    if (path == "/config") return {200, "application/json", config_document(snapshot.get())};
    if (path == "/addresses") {
      return {200, "application/json", addresses_document(snapshot.get())};
    }
    const std::lock_guard lock(documents_mutex_);
    const auto found = documents_.find(path);
    if (found != documents_.end()) return {200, "application/json", found->second()};
    return {404, "application/json", "{\"error\":\"no such document\"}\n"};
  }

  std::string metrics(const program::Snapshot* snapshot) {
    std::vector<const observe::WorkerMetrics*> of_workers;
    for (const auto& worker : workers_) of_workers.push_back(&worker->metrics_for_scrape());
    return observe::render_prometheus(
        of_workers,
        observe::sample("smic_swaps_total", "counter", "Snapshots enforced since the start.",
                        serial_.load()) +
            observe::sample("smic_snapshot_version", "gauge", "Version of the manifest enforced.",
                            snapshot == nullptr ? 0 : snapshot->version) +
            observe::sample("smic_units", "gauge", "Units of the manifest enforced.",
                            snapshot == nullptr ? 0 : snapshot->units.size()) +
            target_metrics(snapshot) +
            observe::sample("smic_listeners_unbound", "gauge",
                            "Units whose address could not be had so far.", unbound_count_) +
            steering_metrics(steering_.status(), proofs()) + more_metrics());
  }

  std::string more_metrics() {
    const std::lock_guard lock(documents_mutex_);
    return more_metrics_ ? more_metrics_() : std::string();
  }

  std::string edges() const {
    observe::EdgeTable::Sums sums;
    for (const auto& worker : workers_) worker->edges_for_scrape().add_to(sums);
    const auto age = std::chrono::steady_clock::now() - began_;
    return contract::to_json(contract::EdgeReport{
        instance_,
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(age).count()),
        {sums.begin(), sums.end()}});
  }

  const std::string instance_ = random_name();
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Worker::Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Control> control_;
  mutable std::mutex changing_;
  steer::Steering steering_;
  std::vector<steer::RangeStatus> steering_told_;
  std::vector<steer::RangeStatus> proven_for_;
  ListenerTable listeners_;
  PolicyTable policies_;
  ListenerTable::AllUnbound unbound_known_;
  std::set<std::string> unbound_;  // addresses of those
  std::atomic<std::size_t> unbound_count_{0};
  unsigned retry_chores_ = 1;  // the backoff
  unsigned retry_in_ = 1;      // chores left
  std::atomic<std::uint64_t> serial_{0};
  std::atomic<bool> drained_{false};  // written under changing_
  std::mutex documents_mutex_;
  std::map<std::string, std::function<std::string()>> documents_;
  std::function<std::string()> more_metrics_;
  std::vector<steer::Proof> proofs_;  // the same mutex
  steer::Prover prover_{
      [this](int stop) { return prove(stop); },
      [this](std::vector<steer::Proof> proofs) { take_proofs(std::move(proofs)); }};
};

}  // namespace

Result<std::unique_ptr<Proxy>> Proxy::start(Options options) {
  const std::size_t descriptors = raise_descriptor_limit();
  const std::size_t workers =
      options.workers != 0 ? options.workers : std::max(1u, std::thread::hardware_concurrency());
  options.max_udp_flows = flows_within(descriptors, workers, options.max_udp_flows);
  auto proxy = std::make_unique<ProxyOfWorkers>(std::move(options), workers);
  const auto control = proxy->start_control();
  if (!control) return std::unexpected(control.error());
  return std::unique_ptr<Proxy>(std::move(proxy));
}

}  // namespace smic::proxy
