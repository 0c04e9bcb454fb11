// SPDX-License-Identifier: Apache-2.0
// How long a change takes in a mesh of 10,000 Services and 100,000 endpoints, from the event of the
// API in the informers' store to the last worker of a proxy that enforces it, all in one process:
// store → reconcile → manifest of a node → snapshot → proxy. What the network adds is not in it.
// With --node-plan the proxy's addresses are steered, as in a cluster; that
// wants a network namespace of its own: unshare --net.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "compiler/target_options.h"
#include "controller/publish.h"
#include "runtime/proxy/proxy.h"
#include "tests/bench/figures.h"
#include "tests/bench/large_cluster.h"
#include "tests/bench/store_source.h"

namespace smic::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kServices = 10'000;
constexpr std::size_t kEndpoints = 100'000;
constexpr std::size_t kNodes = 100;
constexpr std::size_t kChanges = 150;  // of each kind
// One after another as fast as they go would measure how a controller rests under a stream of
// changes (controller/pace.h); the churn does that.
constexpr std::chrono::milliseconds kApart{100};
constexpr std::uint64_t kSeed = 20261127;

double milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double cpu_seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double resident_mb() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  statm >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// A node's proxy, without the network between it and the controller.
class Node {
 public:
  explicit Node(bool with_proxy) {
    if (!with_proxy) return;
    auto started = proxy::Proxy::start({});
    SMIC_CHECK(started.has_value(), "a bench's proxy starts");
    proxy_ = std::move(*started);
  }

  void take(const controller::Update& update) {
    if (!proxy_) return;
    const auto blobs = [&](const std::string& digest) -> Result<contract::Bytes> {
      return update.images.find(digest)->unpack();
    };
    auto snapshot = program::build_snapshot(update.manifest_of("node-1"), blobs,
                                            program::Engine::native, snapshot_.get());
    SMIC_CHECK(snapshot.has_value(), "a bench's manifest is a snapshot");
    snapshot_ = std::move(*snapshot);
    SMIC_CHECK(proxy_->apply(snapshot_).has_value(), "a bench's snapshot is enforced");
  }

 private:
  std::unique_ptr<proxy::Proxy> proxy_;
  std::shared_ptr<const program::Snapshot> snapshot_;
};

std::unique_ptr<controller::AddressPlan> plan_of(bool by_node) {
  if (!by_node) return controller::loopback_plan();
  return controller::node_plan(*controller::MeshRanges::parse(controller::kDefaultMeshRanges));
}

class Chain {
 public:
  Chain(kube::Store& store, bool with_proxy, bool node_plan, std::string folder)
      : folder_(std::move(folder)),
        source_(store),
        node_(with_proxy),
        reconciler_({.targets = all_targets()}, plan_of(node_plan),
                    controller::OnMistake::leave_out, {"mesh"}, controller::Nodes::by_pod),
        thread_([this] { run(); }) {}

  ~Chain() {
    source_.stop();
    thread_.join();
  }

  void wait_for(std::uint64_t version) {
    std::unique_lock lock(mutex_);
    enforced_.wait(lock, [&] { return version_ >= version; });
  }
  // Native code that follows a change is a version too.
  void settle() {
    for (std::uint64_t before = 0; before != version();) {
      before = version();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  std::uint64_t version() {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  double cpu() const { return cpu_; }

 private:
  void run() {
    controller::follow(source_, reconciler_, [this](const auto& update, const auto&) {
      SMIC_CHECK(update.has_value(), "a bench's cluster is reconciled");
      node_.take(*update);
      if (version() == 0 && !folder_.empty()) write(*update);
      const std::lock_guard lock(mutex_);
      version_ = update->manifest.version;
      cpu_ = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
      enforced_.notify_all();
    });
  }

  // The first update, for a proxy to read.
  void write(controller::Update update) const {
    update.nodes[controller::kOnlyNode] = update.nodes.begin()->second;
    SMIC_CHECK(controller::publish(update, folder_).has_value(), "a bench's update is written");
  }

  const std::string folder_;
  StoreSource source_;
  Node node_;
  controller::Reconciler reconciler_;
  std::mutex mutex_;
  std::condition_variable enforced_;
  std::uint64_t version_ = 0;
  std::atomic<double> cpu_ = 0;
  std::thread thread_;
};

struct Times {
  double p50, p99, cpu;  // ms
};

template <class Edit>
Times measure(Chain& chain, Edit edit) {
  std::vector<double> times;
  const double cpu = chain.cpu();
  for (std::size_t i = 0; i < kChanges; ++i) {
    const std::uint64_t version = chain.version();
    const auto start = Clock::now();
    edit(i);
    chain.wait_for(version + 1);
    times.push_back(milliseconds(Clock::now() - start));
    chain.settle();
    std::this_thread::sleep_until(start + kApart);
  }
  std::ranges::sort(times);
  return {times[times.size() / 2], times[times.size() * 99 / 100],
          (chain.cpu() - cpu) * 1e3 / kChanges};
}

void measure_changes(Chain& chain, kube::Store& store, const LargeCluster& cluster,
                     Figures& figures) {
  std::mt19937_64 random(kSeed);
  const auto report = [&](const char* what, Times times) {
    std::printf("%-10s p50 %7.2f ms   p99 %7.2f ms   CPU of the control thread %6.2f ms\n", what,
                times.p50, times.p99, times.cpu);
    figures.add(std::string("change-") + what + "-p50", times.p50, "ms", "");
    figures.add(std::string("change-") + what + "-p99", times.p99, "ms", "");
  };
  report("weight", measure(chain, [&](std::size_t i) {
           store.put("TrafficSplit", cluster.split(random() % cluster.roots(), i + 1));
         }));
  report("route", measure(chain, [&](std::size_t i) {
           store.put("HTTPRouteGroup", cluster.group(random() % cluster.roots(), i + 1));
         }));
  std::size_t next = random() % cluster.services();
  report("endpoint", measure(chain, [&](std::size_t) {
           next = (next + 7919) % cluster.services();
           store.put("EndpointSlice", cluster.slice(next, 1));
         }));
  report("access", measure(chain, [&](std::size_t i) {
           store.put("TrafficTarget", cluster.target(random() % cluster.services(), i + 1));
         }));
}

// Endpoints that come and go, a thousand a second, for some seconds.
void measure_churn(Chain& chain, kube::Store& store, const LargeCluster& cluster,
                   Figures& figures) {
  constexpr int kRate = 1000, kSeconds = 5;
  const double cpu = chain.cpu(), process = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const std::uint64_t version = chain.version();
  const auto start = Clock::now();
  for (int i = 0; i < kRate * kSeconds; ++i) {
    std::this_thread::sleep_until(start + std::chrono::microseconds(1'000'000 / kRate) * i);
    const auto number = static_cast<std::size_t>(i);
    store.put("EndpointSlice", cluster.slice(number * 31 % cluster.services(), number / 2 % 3));
  }
  const double wall = std::chrono::duration<double>(Clock::now() - start).count();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const double share = (chain.cpu() - cpu) / wall * 100;
  const double all = (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - process) / wall * 100;
  std::printf(
      "churn of %d endpoints a second: control thread %.0f %% of a core, whole process %.0f "
      "%%, in %llu versions\n",
      kRate, share, all, static_cast<unsigned long long>(chain.version() - version));
  figures.add("churn-1000-cpu", share, "% of a core", "");
}

std::string folder_of(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--out") == 0) return argv[i + 1];
  }
  return {};
}

bool given(int argc, char** argv, const char* word) {
  return std::any_of(argv + 1, argv + argc, [&](const char* each) { return !strcmp(each, word); });
}

int run(int argc, char** argv) {
  configure_log(LogFormat::text, LogLevel::error);
  Figures figures;
  const LargeCluster cluster(kServices, kEndpoints, kNodes);
  kube::Store store(1);
  store.replace("Namespace", {});
  cluster.tell(
      [&](const std::string& kind, kube::Object object) { store.put(kind, std::move(object)); });
  const double texts = resident_mb();
  const bool with_proxy = !given(argc, argv, "--controller-only");
  const auto start = Clock::now();
  Chain chain(store, with_proxy, given(argc, argv, "--node-plan"), folder_of(argc, argv));
  chain.wait_for(1);
  const double cold = milliseconds(Clock::now() - start);
  std::printf(
      "%zu services, %zu endpoints: from all objects listed to enforced %.0f ms, CPU of the "
      "control thread %.0f ms; resident %.0f MB, of which texts %.0f MB\n",
      kServices, kEndpoints, cold, chain.cpu() * 1e3, resident_mb(), texts);
  figures.add("cold-start", cold, "ms", "");
  if (!with_proxy) figures.add("controller-rss", resident_mb(), "MB", "");
  measure_changes(chain, store, cluster, figures);
  measure_churn(chain, store, cluster, figures);
  return figures.write(argc, argv);
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) { return smic::bench::run(argc, argv); }
