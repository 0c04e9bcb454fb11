// SPDX-License-Identifier: Apache-2.0
// Tested by tests/integration/controller_test.py and tests/system/kubernetes_test.py.
#include "controller/daemon/daemon.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "base/log.h"
#include "controller/cache/cache.h"
#include "controller/source/source.h"

namespace smic::controller {
namespace {

constexpr const char* kOwnNamespace = "smic-system";
constexpr const char* kLease = "smic-controller";

// A person waits for what admission has to say, at most three seconds, and others behind him.
constexpr std::chrono::milliseconds kPatienceOfAdmission{100};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<kube::Config> cluster_of(const Configuration& given) {
  if (!given.kubeconfig.empty()) return kube::read_kubeconfig(given.kubeconfig, given.context);
  return kube::in_cluster(environment("KUBERNETES_SERVICE_HOST"),
                          environment("KUBERNETES_SERVICE_PORT"));
}

// A kubeconfig's namespace is where a person works, not where smic lives.
std::string own_namespace(const Configuration& given, const kube::Config* cluster) {
  if (!given.ns.empty()) return given.ns;
  return cluster != nullptr && given.kubeconfig.empty() ? cluster->ns : kOwnNamespace;
}

// In a pod, the pod's.
std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "controller";
}

class Daemon {
 public:
  Daemon(const Configuration& given, const ReadAgain& fresh)
      : given_(given), fresh_(fresh), now_(std::make_shared<const Configuration>(given)) {}

  Result<void> start() {
    open_cache();
    if (auto found = given_.has_cluster() ? use_cluster() : use_directory(); !found) return found;
    make_reconciler();
    surroundings_.emplace(Surroundings{
        given_, stop_, api_.get(), *leadership_, writer_.get(), ns_, wishes_,
        [this] { return not_ready(); }, [this] { return metrics(); }, [this] { return now(); },
        [this](const api::Written& object) { return would_say(object); }});
    auto list = components(*surroundings_);
    if (!list) return std::unexpected(list.error());
    components_ = std::move(*list);
    for (const auto& component : components_) {
      ++started_;
      if (auto done = component->start(); !done) return fail(done, component->name());
    }
    return {};
  }

  // It only saves time, so a mesh does not wait for somebody to mend it.
  void open_cache() {
    if (given_.cache.empty()) return;
    auto store = cache::open(given_.cache);
    if (store) {
      store_ = *std::move(store);
    } else {
      log_warning("cache not used", {{"error", store.error().message}});
    }
  }

  void follow() {
    controller::follow(*source_, *reconciler_, [this](const auto& update, const auto& diagnostics) {
      take(update, diagnostics);
    });
  }

  // From the thread of signals.
  void on_signal(int signal) {
    if (signal == SIGHUP) return reload();
    log_info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
    source_->stop();
  }

  // What waits for the API is let go first; the Lease is given up last, when nobody writes.
  void stop() {
    stop_.stop();
    for (; started_ > 0; --started_) components_[started_ - 1]->stop();
    if (leadership_) leadership_->on_change(nullptr);  // those who were told go now
    while (!components_.empty()) components_.pop_back();
    writer_.reset();
    leadership_.reset();
    log_info("stopped");
  }

  bool ever() const { return updated_; }

 private:
  Result<void> use_cluster() {
    auto cluster = cluster_of(given_);
    if (!cluster) return std::unexpected(cluster.error());
    // Secrets stay out of the log: a cluster is told by its address.
    log_info("watching", {{"server", cluster->server()}});
    std::random_device chance;
    api_ = std::make_unique<kube::Client>(*cluster, stop_);
    ns_ = own_namespace(given_, &*cluster);
    if (given_.read_only) {
      leadership_ = kube::never_leads();
    } else {
      const std::uint64_t digits = (std::uint64_t{chance()} << 32) | chance();
      leadership_ = kube::elect(*cluster,
                                {ns_,
                                 kLease,
                                 kube::identity_of(host_name(), digits),
                                 {std::chrono::seconds(given_.lease_seconds)}},
                                chance());
    }
    writer_ = std::make_unique<kube::Writer>(*api_, stop_, *leadership_, kube::Writer::Limits{},
                                             chance());
    source_ = source::watch_cluster(std::move(*cluster));
    return {};
  }

  Result<void> use_directory() {
    auto source = source::watch_directory(given_.resources);
    if (!source) return std::unexpected(source.error());
    ns_ = own_namespace(given_, nullptr);
    leadership_ = kube::sole_leader();
    source_ = std::move(*source);
    return {};
  }

  // Smic's own namespace is never meshed.
  model::Options model_of(const Configuration& configuration) const {
    model::Options options = configuration.compile.model;
    if (given_.has_cluster()) options.exclude.push_back(ns_);
    return options;
  }

  void make_reconciler() {
    CompileOptions compile = given_.compile;
    compile.store = store_;
    compile.model = model_of(given_);
    const auto on_mistake = given_.has_cluster() ? OnMistake::leave_out : OnMistake::keep_version;
    // Files are for one proxy, which vouches for all pods; who follows by HTTPS has a node.
    const auto nodes = given_.listen.empty() ? Nodes::one : Nodes::by_pod;
    reconciler_.emplace(compile, address_plan(given_, ns_, wishes_), on_mistake, given_.mesh_zones,
                        nodes);
  }

  std::optional<std::vector<Diagnostic>> would_say(const api::Written& object) {
    return reconciler_->would_say({{object.kind, object.ns, object.name}, object.text},
                                  kPatienceOfAdmission);
  }

  void take(const Result<Update>& update, const Diagnostics& diagnostics) {
    const std::lock_guard lock(mutex_);
    if (!update || update->said_changed) tell(render(diagnostics, DiagnosticsFormat::plain));
    for (const auto& component : components_) component->take(update, diagnostics);
    if (update) {
      updated_ = true;
      tell_addresses(*update);
    }
    if (!ready_told_ && not_ready().empty()) {
      ready_told_ = true;
      log_info("ready");
    }
  }

  // What somebody who reads a mesh address off a cluster IP would not expect.
  void tell_addresses(const Update& update) {
    std::set<std::string> now;
    const auto tell = [&](const ir::ServiceRef& service, const std::string& what) {
      const std::string name = ir::to_string(service);
      now.insert(name + ": " + what);
      if (addresses_told_.contains(name + ": " + what)) return;
      log_warning("mesh address", {{"service", name}, {"what", what}});
    };
    for (const auto& each : update.remarks) tell(each.service, each.what);
    for (const auto& each : update.unplaced) {
      if (!each.passing) tell(each.service, "it has none: " + each.reason);
    }
    addresses_told_ = std::move(now);
  }

  // Mistakes that stand for long are told once, not at every change of something else.
  void tell(std::string diagnostics) {
    if (diagnostics == told_) return;
    std::cerr << diagnostics << std::flush;
    told_ = std::move(diagnostics);
  }

  void reload() {
    const auto fresh = fresh_();
    if (!fresh) {
      log_error("settings not read again", {{"reason", fresh.error().message}});
    } else {
      take_settings(*fresh);
    }
    const std::lock_guard lock(mutex_);
    for (const auto& component : components_) component->reload();
    log_info("reloaded");
  }

  void take_settings(const Configuration& fresh) {
    const auto before = now();
    const Configuration after = taken_up(*before, fresh);
    if (const auto reason = contradiction(after)) {
      log_error("settings not taken", {{"reason", *reason}});
      return;
    }
    configure_log(after.log_format, after.log_level);
    const std::vector<std::string> taken = differences(*before, after);
    const std::vector<std::string> left = differences(after, fresh);
    {
      const std::lock_guard lock(now_mutex_);
      now_ = std::make_shared<const Configuration>(after);
    }
    if (!taken.empty()) {
      log_info("settings taken", {{"settings", join_words(taken, ", ")}});
      reconciler_->use(model_of(after), after.mesh_zones);
      source_->poke();
    }
    if (!left.empty()) {
      log_warning("settings that need a restart", {{"settings", join_words(left, ", ")}});
    }
  }

  std::shared_ptr<const Configuration> now() const {
    const std::lock_guard lock(now_mutex_);
    return now_;
  }

  std::string metrics() const {
    std::string text;
    for (const auto& component : components_) text += component->metrics();
    return text;
  }

  std::vector<std::string> not_ready() const {
    std::vector<std::string> reasons;
    if (!updated_) reasons.push_back("resources: not all were read and compiled yet");
    for (const auto& component : components_) {
      const std::string reason = component->not_ready();
      if (!reason.empty()) reasons.push_back(std::string(component->name()) + ": " + reason);
    }
    return reasons;
  }

  const Configuration& given_;
  std::shared_ptr<CompiledStore> store_;
  const ReadAgain& fresh_;
  mutable std::mutex now_mutex_;
  std::shared_ptr<const Configuration> now_;
  kube::Stop stop_;
  std::unique_ptr<kube::Client> api_;
  std::unique_ptr<source::Source> source_;
  std::unique_ptr<kube::Leadership> leadership_;
  std::unique_ptr<kube::Writer> writer_;
  std::string ns_;
  std::optional<Reconciler> reconciler_;
  const std::shared_ptr<shadow::Wishes> wishes_ = std::make_shared<shadow::Wishes>();
  std::optional<Surroundings> surroundings_;
  std::vector<std::unique_ptr<Component>> components_;  // complete before any is started
  std::size_t started_ = 0;
  std::mutex mutex_;  // take() and reload() exclude each other
  std::atomic<bool> updated_ = false;
  std::set<std::string> addresses_told_;
  bool ready_told_ = false;
  std::string told_;
};

}  // namespace

int run(const Configuration& configuration, const sigset_t& signals, const ReadAgain& fresh) {
  Daemon daemon(configuration, fresh);
  if (auto started = daemon.start(); !started) {
    std::cerr << "smic-controller: " << started.error().message << '\n';
    daemon.stop();
    return kWorldFailed;
  }
  std::thread waiter([&] {
    for (int signal = 0; signal != SIGTERM && signal != SIGINT;) {
      sigwait(&signals, &signal);
      daemon.on_signal(signal);
    }
  });
  daemon.follow();
  waiter.join();
  daemon.stop();
  return daemon.ever() ? kDone : kWorldFailed;
}

}  // namespace smic::controller
