// SPDX-License-Identifier: Apache-2.0
// A change in a mesh of 10,000 Services told to 100 nodes: from the event of the API in the
// informers' store to the acknowledgement of the last node, through reconciler, hub, signed states
// and their reading. One node does all that a proxy does but carry traffic: checks signature and
// hashes, makes the state and its manifest, and builds a snapshot with the images it fetches. The
// others read, verify what is signed, and acknowledge; what they would do with it they would do on
// machines of their own. No sockets and no TLS.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "compiler/target_options.h"
#include "controller/distribution/hub.h"
#include "runtime/program/program.h"
#include "tests/bench/figures.h"
#include "tests/bench/large_cluster.h"
#include "tests/bench/store_source.h"

namespace smic::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kServices = 10'000, kEndpoints = 100'000, kNodes = 100;
constexpr std::size_t kChanges = 100;  // of each kind
constexpr std::uint64_t kSeed = 20261127;

double cpu_ms(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// A node's end of its stream: what was written waits until its turn.
class Inbox final : public api::Stream {
 public:
  explicit Inbox(std::function<void()> arrived) : arrived_(std::move(arrived)) {}

  using Stream::write;
  bool write(Piece piece) override {
    {
      const std::lock_guard lock(mutex_);
      waiting_ += piece->size();
      pieces_.push_back(std::move(piece));
    }
    arrived_();
    return true;
  }
  void end() override {}
  bool gone() const override { return false; }
  // As of a slow client: until it has read, it is sent nothing newer.
  std::size_t waiting() const override {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  void on_gone(std::function<void()>) override {}
  void on_drained(std::function<void()> told) override { drained_ = std::move(told); }

  std::deque<Piece> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(pieces_, {});
  }
  void have_read(std::size_t bytes) {
    bool all = false;
    {
      const std::lock_guard lock(mutex_);
      waiting_ -= bytes;
      all = waiting_ == 0;
    }
    if (all) drained_();
  }

 private:
  const std::function<void()> arrived_;
  std::function<void()> drained_;
  mutable std::mutex mutex_;
  std::size_t waiting_ = 0;
  std::deque<Piece> pieces_;
};

class Node {
 public:
  Node(std::string name, const contract::Trust& trust) : name_(std::move(name)), trust_(trust) {}
  virtual ~Node() = default;

  // The version of the last whole message in it; 0 = none yet.
  virtual std::uint64_t read(std::string_view bytes) = 0;
  const std::string& name() const { return name_; }

 protected:
  const std::string name_;
  const contract::Trust& trust_;
};

class Listener final : public Node {  // verifies and acknowledges
 public:
  using Node::Node;
  std::uint64_t read(std::string_view bytes) override {
    std::uint64_t version = 0;
    while (!bytes.empty()) {
      const std::string_view line = bytes.substr(0, bytes.find('\n'));
      bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
      if (line.starts_with("{\"state\"")) {
        const auto head = contract::read_head_line(line);
        SMIC_CHECK(head && contract::verify(head->signed_head, trust_), "a head is signed");
        SMIC_CHECK(head->signed_head.head.node == name_, "a head is this node's");
        promised_ = head->signed_head.head.version;
      } else if (line.starts_with("{\"end\"")) {
        version = promised_;
      }
    }
    return version;
  }

 private:
  std::uint64_t promised_ = 0;
};

class WholeNode final : public Node {  // what a proxy does, to the snapshot
 public:
  WholeNode(std::string name, const contract::Trust& trust, const distribution::Hub& hub)
      : Node(std::move(name), trust),
        hub_(hub),
        reader_([this](contract::Message message) { return take(message); }) {}
  std::uint64_t read(std::string_view bytes) override {
    const std::uint64_t before = state_.head.version;
    const auto done = reader_.read(bytes);
    if (!done) log_error("a node refuses", {{"reason", done.error().message}});
    SMIC_CHECK(done.has_value(), "what a hub writes is read");
    return state_.head.version == before ? 0 : state_.head.version;
  }

 private:
  Result<void> take(const contract::Message& message) {
    auto next = contract::take_up(state_, message, name_, trust_);
    if (!next) return std::unexpected(next.error());
    state_ = std::move(*next);
    const auto blobs = [this](const std::string& digest) -> Result<contract::Bytes> {
      const auto image = hub_.image(digest);
      if (!image) return fail("there is no image " + digest);
      return *image;
    };
    auto snapshot = program::build_snapshot(contract::manifest_of(state_), blobs,
                                            program::Engine::native, snapshot_.get());
    if (!snapshot) return std::unexpected(snapshot.error());
    snapshot_ = std::move(*snapshot);
    return {};
  }

  const distribution::Hub& hub_;
  contract::State state_;
  std::shared_ptr<const program::Snapshot> snapshot_;
  contract::MessageReader reader_;
};

class Fleet {
 public:
  explicit Fleet(kube::Store& store)
      : key_(contract::SigningKey::generate()),
        trust_{.authorities = {}, .keys = {key_.verifying()}},
        hub_(distribution::Hub::start({.take_epoch = [](std::uint64_t above) { return above + 1; }},
                                      key_)),
        source_(store),
        reconciler_(
            {.targets = all_targets()},
            controller::node_plan(*controller::MeshRanges::parse(controller::kDefaultMeshRanges)),
            controller::OnMistake::leave_out, {"mesh"}, controller::Nodes::by_pod) {
    nodes_.push_back(std::make_unique<WholeNode>("node-0", trust_, *hub_));
    for (std::size_t i = 1; i < kNodes; ++i) {
      nodes_.push_back(std::make_unique<Listener>("node-" + std::to_string(i), trust_));
    }
    reading_ = std::thread([this] { read(); });
    following_ = std::thread([this] { follow(); });
  }

  ~Fleet() {
    source_.stop();
    following_.join();
    arrive(true);
    reading_.join();
  }

  struct Times {
    Clock::time_point whole, all;
  };
  // Until every node has acknowledged something newer than before.
  std::uint64_t version() {
    const std::lock_guard lock(mutex_);
    return least();
  }
  Times wait_beyond(std::uint64_t version) {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [&] { return has_.size() == kNodes && has_[0] > version; });
    const auto whole = Clock::now();
    told_.wait(lock, [&] { return least() > version; });
    return {whole, Clock::now()};
  }
  // All have what is now, and for a while nothing new comes.
  void settle() {
    for (std::uint64_t before = 0;;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::uint64_t now = hub_->status().version;
      if (now == before && version() == now) return;
      before = now;
    }
  }
  double controller_cpu() const { return controller_cpu_; }
  std::uint64_t bytes() const { return hub_->figures().bytes; }

 private:
  void follow() {
    controller::follow(source_, reconciler_, [this](const auto& update, const auto&) {
      SMIC_CHECK(update.has_value() && hub_->take(*update), "a bench's cluster is reconciled");
      if (inboxes_.empty()) subscribe_all();
      controller_cpu_ = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
    });
  }

  void subscribe_all() {
    {
      const std::lock_guard lock(mutex_);
      has_.assign(kNodes, 0);
      for (std::size_t i = 0; i < kNodes; ++i) {
        inboxes_.push_back(std::make_shared<Inbox>([this] { arrive(false); }));
      }
    }
    for (std::size_t i = 0; i < kNodes; ++i) {
      SMIC_CHECK(hub_->subscribe(nodes_[i]->name(), {}, inboxes_[i]).has_value(), "a node listens");
    }
  }

  void arrive(bool ended) {
    const std::lock_guard lock(arrived_mutex_);
    something_ = true;
    ended_ = ended_ || ended;
    arrived_.notify_one();
  }

  void read() {
    for (;;) {
      {
        std::unique_lock lock(arrived_mutex_);
        arrived_.wait(lock, [this] { return something_; });
        something_ = false;
        if (ended_) return;
      }
      for (std::size_t i = 0; i < kNodes; ++i) {
        for (const auto& piece : inboxes_[i]->take()) {
          const std::uint64_t version = nodes_[i]->read(*piece);
          inboxes_[i]->have_read(piece->size());
          if (version == 0) continue;
          hub_->acknowledge(
              {.node = nodes_[i]->name(), .epoch = 1, .version = version, .refused = {}});
          const std::lock_guard lock(mutex_);
          has_[i] = version;
          told_.notify_all();
        }
      }
    }
  }

  std::uint64_t least() const { return has_.empty() ? 0 : *std::ranges::min_element(has_); }

  const contract::SigningKey key_;
  const contract::Trust trust_;
  std::unique_ptr<distribution::Hub> hub_;
  StoreSource source_;
  controller::Reconciler reconciler_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::shared_ptr<Inbox>> inboxes_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::uint64_t> has_;  // acknowledged, by node
  std::mutex arrived_mutex_;
  std::condition_variable arrived_;
  bool something_ = false, ended_ = false;
  std::atomic<double> controller_cpu_ = 0;
  std::thread reading_, following_;
};

double at(std::vector<double> times, double share) {
  std::ranges::sort(times);
  return times[static_cast<std::size_t>(static_cast<double>(times.size() - 1) * share)];
}

template <class Edit>
void measure(Fleet& fleet, const std::string& what, Figures& figures, Edit edit) {
  std::vector<double> whole, all;
  const double controller = fleet.controller_cpu(), process = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);
  const std::uint64_t bytes = fleet.bytes();
  for (std::size_t i = 0; i < kChanges; ++i) {
    const std::uint64_t version = fleet.version();
    const auto start = Clock::now();
    edit(i);
    const auto times = fleet.wait_beyond(version);
    const auto since = [&](Clock::time_point when) {
      return std::chrono::duration<double, std::milli>(when - start).count();
    };
    whole.push_back(since(times.whole));
    all.push_back(since(times.all));
    fleet.settle();
  }
  std::printf(
      "%-9s one node's snapshot p50 %7.2f p99 %7.2f ms   all %zu acknowledged p50 %7.2f p99 %7.2f "
      "ms   CPU: reconciling and hashing %5.2f ms, everything %6.2f ms   %.0f KB sent\n",
      what.c_str(), at(whole, 0.5), at(whole, 0.99), kNodes, at(all, 0.5), at(all, 0.99),
      (fleet.controller_cpu() - controller) / kChanges,
      (cpu_ms(CLOCK_PROCESS_CPUTIME_ID) - process) / kChanges,
      static_cast<double>(fleet.bytes() - bytes) / kChanges / 1e3);
  figures.add("fleet-" + what + "-p50", at(all, 0.5), "ms", "");
  figures.add("fleet-" + what + "-p99", at(all, 0.99), "ms", "");
}

int run(int argc, char** argv) {
  configure_log(LogFormat::text, LogLevel::error);
  Figures figures;
  const LargeCluster cluster(kServices, kEndpoints, kNodes);
  kube::Store store(1);
  store.replace("Namespace", {});
  cluster.tell(
      [&](const std::string& kind, kube::Object object) { store.put(kind, std::move(object)); });
  const auto start = Clock::now();
  Fleet fleet(store);
  fleet.wait_beyond(0);
  const double cold = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf(
      "%zu services, %zu endpoints: from all objects listed to %zu nodes with a state %.1f s\n",
      kServices, kEndpoints, kNodes, cold);
  figures.add("fleet-cold-start", cold, "s", "");
  fleet.settle();
  std::mt19937_64 random(kSeed);
  measure(fleet, "weight", figures, [&](std::size_t i) {
    store.put("TrafficSplit", cluster.split(random() % cluster.roots(), i + 1));
  });
  measure(fleet, "route", figures, [&](std::size_t i) {
    store.put("HTTPRouteGroup", cluster.group(random() % cluster.roots(), i + 1));
  });
  std::size_t next = 1;
  measure(fleet, "endpoint", figures, [&](std::size_t) {
    next = (next + 7919) % cluster.services();
    store.put("EndpointSlice", cluster.slice(next, 1));
  });
  measure(fleet, "access", figures, [&](std::size_t i) {
    store.put("TrafficTarget", cluster.target(random() % cluster.services(), i + 1));
  });
  return figures.write(argc, argv);
}

}  // namespace
}  // namespace smic::bench

int main(int argc, char** argv) { return smic::bench::run(argc, argv); }
