// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/distribution/hub_test.cpp.
#include "controller/distribution/hub.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "controller/distribution/bell.h"
#include "controller/distribution/epoch.h"
#include "controller/distribution/parts.h"
#include "controller/distribution/roster.h"

namespace smic::distribution {
namespace {

using Piece = api::Stream::Piece;

constexpr std::size_t kLocalsRemembered = 4;
constexpr std::size_t kImagesRemembered = 16;  // updates: a node may still fetch what one named

// What is now, for one node.
struct Now {
  std::uint64_t epoch = 0, version = 0;
  PartPtr mesh, local;
};

// What a proxy was sent, or says it has. Its parts are null if it has none that we know.
struct Sent {
  std::uint64_t epoch = 0, version = 0;
  PartPtr mesh, local;
};

struct Subscriber {
  std::string node;
  std::shared_ptr<api::Stream> stream;
  Sent sent;
  std::uint64_t refused_epoch = 0, refused_version = 0;
  std::chrono::steady_clock::time_point spoken{};
};

class HubOfStreams final : public Hub {
 public:
  HubOfStreams(HubOptions options, contract::SigningKey key)
      : options_(std::move(options)), key_(std::move(key)), thread_([this] { run(); }) {}

  ~HubOfStreams() override {
    bell_->end();
    thread_.join();
    for (const auto& each : subscribers_) each->stream->end();
  }

  // ---- what is now ------------------------------------------------------------------------------

  Result<void> take(const controller::Update& update) override {
    // Only this thread changes parts, so it may read them without the lock.
    auto mesh = contract::mesh_part(update.manifest, mesh_.newest());
    if (!mesh) return std::unexpected(mesh.error());
    std::map<std::string, PartPtr> locals;
    for (const auto& [node, pods] : update.nodes) {
      const auto before = locals_.find(node);
      const auto made_from = pods_.find(node);
      if (before != locals_.end() && made_from != pods_.end() && made_from->second == pods) {
        locals[node] = before->second.last.front();
        continue;
      }
      auto local =
          contract::local_part(*pods, before == locals_.end() ? nullptr : before->second.newest());
      if (!local) return std::unexpected(local.error());
      locals[node] = std::move(*local);
    }
    if (auto have = first_epoch(); !have) return have;
    {
      const std::lock_guard lock(mutex_);
      roster_.forget(standing(), options_.now() - options_.forget);
      if (version_ > 0 && is_same(**mesh, locals)) return {};
      replace(std::move(*mesh), std::move(locals));
      pods_ = update.nodes;
      images_.push_front(update.images);
      if (images_.size() > kImagesRemembered) images_.pop_back();
      ++version_;
    }
    bell_->ring();
    changed();
    return {};
  }

  void use_key(contract::SigningKey key) override {
    {
      const std::lock_guard lock(mutex_);
      if (key_.verifying() == key.verifying()) return;
      key_ = std::move(key);
      if (version_ > 0) ++version_;
    }
    bell_->ring();
  }

  // ---- those who listen -------------------------------------------------------------------------

  Result<void> subscribe(const std::string& node, const From& from,
                         std::shared_ptr<api::Stream> stream) override {
    if (!has_state()) return fail("there is no state yet");
    if (auto raised = raise_epoch(from); !raised) return raised;
    auto subscriber = std::make_shared<Subscriber>();
    subscriber->node = node;
    subscriber->stream = stream;
    subscriber->refused_epoch = from.refused_epoch;
    subscriber->refused_version = from.refused_version;
    const auto ring = [bell = bell_] { bell->ring(); };
    {
      const std::lock_guard lock(mutex_);
      subscriber->sent = known(node, from);
      raise_version(node, from);
      subscribers_.push_back(subscriber);
      roster_.heard_of(node, options_.now());
      if (!from.targets.empty()) roster_.runs_code_of(node, target_of(from));
    }
    stream->on_gone(ring);
    stream->on_drained(ring);
    bell_->ring();
    changed();
    return {};
  }

  void acknowledge(Acknowledged what) override {
    {
      const std::lock_guard lock(mutex_);
      ++(what.refused.empty() ? figures_.acknowledged : figures_.refused);
      roster_.acknowledge(std::move(what), options_.now());
    }
    changed();
  }

  std::shared_ptr<const contract::Bytes> image(const std::string& digest) const override {
    controller::Images::Image found;
    {
      const std::lock_guard lock(mutex_);
      for (const controller::Images& images : images_) {
        if ((found = images.find(digest))) break;
      }
    }
    return found ? std::make_shared<const contract::Bytes>(found->unpack()) : nullptr;
  }

  // ---- what came of it --------------------------------------------------------------------------

  Status status() const override {
    const std::lock_guard lock(mutex_);
    return roster_.status(standing());
  }

  Report report() const override {
    const std::lock_guard lock(mutex_);
    return roster_.report(standing());
  }

  void hear(std::vector<Report> others) override {
    {
      const std::lock_guard lock(mutex_);
      if (!roster_.hear(std::move(others))) return;
    }
    changed();
  }

  std::chrono::milliseconds heartbeat() const override { return options_.heartbeat; }

  HubFigures figures() const override {
    const std::lock_guard lock(mutex_);
    HubFigures figures = figures_;
    figures.streams = subscribers_.size();
    return figures;
  }

  bool has_state() const override {
    const std::lock_guard lock(mutex_);
    return version_ > 0;
  }

  void on_change(std::function<void()> told) override {
    const std::lock_guard lock(told_mutex_);
    told_.push_back(std::move(told));
  }

 private:
  // ---- epochs and versions ----------------------------------------------------------------------

  Result<void> first_epoch() {
    {
      const std::lock_guard lock(mutex_);
      if (epoch_ > 0) return {};
    }
    const auto taken = options_.take_epoch(0);
    if (!taken) return std::unexpected(taken.error());
    const std::lock_guard lock(mutex_);
    epoch_ = std::max(epoch_, *taken);
    return {};
  }

  Result<void> raise_epoch(const From& from) {
    const std::lock_guard one_at_a_time(raising_);
    {
      const std::lock_guard lock(mutex_);
      if (from.epoch <= epoch_) return {};
      if (from.epoch > epoch_ + kFarthestEpoch)
        return fail("no controller had epoch " + std::to_string(from.epoch));
    }
    const auto taken = options_.take_epoch(from.epoch);
    if (!taken) return std::unexpected(taken.error());
    const std::lock_guard lock(mutex_);
    epoch_ = std::max(epoch_, *taken);
    ++version_;
    log_info("took another epoch, above a proxy's", {{"epoch", std::to_string(epoch_)}});
    return {};
  }

  // A proxy takes nothing but higher versions, and one version is one state.
  void raise_version(const std::string& node, const From& from) {
    const Now now = now_for(node);
    const bool same =
        from.epoch == now.epoch && from.mesh == now.mesh->hash && from.local == now.local->hash;
    if (from.version < version_ || (from.version == version_ && same)) return;
    if (from.version >= contract::kMostVersion) return;
    version_ = from.version + 1;
  }

  // What the proxy picks of what there is, as it picks the image of a unit.
  std::string target_of(const From& from) const {
    for (const std::string& target : from.targets) {
      if (std::ranges::find(options_.targets, target) != options_.targets.end()) return target;
    }
    return std::string(contract::kPortableTarget);
  }

  // ---- with the lock ----------------------------------------------------------------------------

  bool is_same(const contract::Part& mesh, const std::map<std::string, PartPtr>& locals) const {
    return mesh.hash == mesh_.newest()->hash &&
           std::ranges::equal(locals, locals_, [](const auto& now, const auto& before) {
             return now.first == before.first && now.second->hash == before.second.newest()->hash;
           });
  }

  void replace(PartPtr mesh, std::map<std::string, PartPtr> locals) {
    mesh_.add(std::move(mesh), options_.remembered);
    std::erase_if(locals_, [&](const auto& each) { return !locals.contains(each.first); });
    for (auto& [node, part] : locals) locals_[node].add(std::move(part), kLocalsRemembered);
  }

  Now now_for(const std::string& node) const {
    const auto local = locals_.find(node);
    return {epoch_, version_, mesh_.last.front(),
            local == locals_.end() ? nothing_ : local->second.last.front()};
  }

  // What we know of what it says it has.
  Sent known(const std::string& node, const From& from) const {
    if (!from.mesh || !from.local) return {};
    const auto locals = locals_.find(node);
    PartPtr local = locals == locals_.end() ? nullptr : locals->second.find(*from.local);
    if (!local && *from.local == nothing_->hash) local = nothing_;
    const PartPtr mesh = mesh_.find(*from.mesh);
    if (!mesh || !local) return {};
    return {from.epoch, from.version, mesh, std::move(local)};
  }

  Standing standing() const {
    Standing standing{epoch_, version_, version_ > 0 ? mesh_.newest()->hash : contract::Hash{}, {}};
    for (const auto& [node, parts] : locals_) standing.streams.try_emplace(node, 0);
    for (const auto& each : subscribers_) {
      standing.streams[each->node] += each->stream->gone() ? 0 : 1;
    }
    return standing;
  }

  // ---- sending ----------------------------------------------------------------------------------

  void run() {
    auto next = std::chrono::steady_clock::now() + options_.heartbeat;
    while (bell_->wait_until(next)) {
      next = std::chrono::steady_clock::now() + options_.heartbeat;
      send_all();
    }
  }

  struct Errand {
    std::shared_ptr<Subscriber> to;
    Now now;
  };

  void send_all() {
    std::vector<Errand> errands;
    std::optional<contract::SigningKey> key;
    std::size_t gone = 0;
    {
      const std::lock_guard lock(mutex_);
      gone = std::erase_if(subscribers_, [](const auto& each) { return each->stream->gone(); });
      if (version_ == 0) return;
      key = key_;
      for (const auto& each : subscribers_) errands.push_back({each, now_for(each->node)});
    }
    if (gone > 0) changed();
    // From here on without the lock: what a subscriber was sent is this thread's business alone.
    for (const Errand& errand : errands) send(*errand.to, errand.now, *key);
  }

  void send(Subscriber& to, const Now& now, const contract::SigningKey& key) {
    if (to.stream->waiting() > 0) return;
    const bool has_it = to.sent.version == now.version && to.sent.epoch == now.epoch;
    const bool refused = to.refused_version == now.version && to.refused_epoch == now.epoch;
    if (!has_it && !refused) return send_state(to, now, key);
    const auto clock = std::chrono::steady_clock::now();
    if (clock - to.spoken < options_.heartbeat / 2) return;
    to.spoken = clock;
    to.stream->write(contract::heartbeat_line(now.version));
  }

  void send_state(Subscriber& to, const Now& now, const contract::SigningKey& key) {
    const bool whole = to.sent.mesh == nullptr;
    const contract::SignedHead head = contract::sign({.node = to.node,
                                                      .epoch = now.epoch,
                                                      .version = now.version,
                                                      .mesh = now.mesh->hash,
                                                      .local = now.local->hash,
                                                      .key = {}},
                                                     key);
    std::string front = contract::head_line(head, whole ? 0 : to.sent.version) + '\n';
    if (whole || to.sent.local != now.local) {
      front += contract::delta_lines(
          contract::difference(whole ? *nothing_ : *to.sent.local, *now.local));
    }
    Piece mesh;
    if (to.sent.mesh != now.mesh) mesh = texts_.get(to.sent.mesh, now.mesh);
    std::size_t bytes = front.size();
    if (mesh && !mesh->empty()) {
      bytes += mesh->size();
      to.stream->write(std::move(front));
      to.stream->write(mesh);
      front.clear();
    }
    to.stream->write(front + contract::end_line(now.version));
    to.sent = {now.epoch, now.version, now.mesh, now.local};
    to.spoken = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    ++figures_.messages;
    figures_.whole += whole ? 1 : 0;
    figures_.bytes += bytes;
  }

  void changed() {
    std::vector<std::function<void()>> told;
    {
      const std::lock_guard lock(told_mutex_);
      told = told_;
    }
    for (const auto& each : told) each();
  }

  const HubOptions options_;
  const PartPtr nothing_ = std::make_shared<const contract::Part>();
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();

  mutable std::mutex mutex_;
  contract::SigningKey key_;
  std::uint64_t epoch_ = 0, version_ = 0;
  Parts mesh_;
  std::map<std::string, Parts> locals_;    // by node
  // What the newest of those were made from: most updates leave most nodes' pods the same object.
  std::map<std::string, controller::Update::Pods> pods_;
  std::deque<controller::Images> images_;  // of the last updates, newest first
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  Roster roster_;
  HubFigures figures_;

  std::mutex raising_;
  std::mutex told_mutex_;
  std::vector<std::function<void()>> told_;
  Texts texts_;  // of the thread below
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Hub> Hub::start(HubOptions options, contract::SigningKey key) {
  return std::make_unique<HubOfStreams>(std::move(options), std::move(key));
}

}  // namespace smic::distribution
