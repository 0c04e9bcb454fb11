// SPDX-License-Identifier: Apache-2.0
#include "controller/shadow/keeper.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "base/log.h"

namespace smic::shadow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kSettle{100};  // changes in between are one look
constexpr milliseconds kAfterTrouble{5'000};
constexpr std::size_t kWritesOfALook = 100;
constexpr seconds kResting{60};  // kube-proxies and DNS caches forget in the meantime
constexpr milliseconds kFirstPause{1'000}, kLongestPause{300'000};
constexpr kube::Writer::Limits kLimits{.per_second = 200, .burst = 200};

const kube::Resource kServices{"", "v1", "services"};
const kube::Resource kSlices{"discovery.k8s.io", "v1", "endpointslices"};

const kube::Resource& resource_of(Write::Kind kind) {
  return kind == Write::Kind::service ? kServices : kSlices;
}
std::string kind_of(Write::Kind kind) {
  return kind == Write::Kind::service ? "Service" : "EndpointSlice";
}

std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::uint64_t random_seed() {
  std::random_device chance;
  return chance();
}

}  // namespace

Keeper::Keeper(const Parts& parts, Options options, std::shared_ptr<Wishes> wishes)
    : parts_(parts),
      options_(std::move(options)),
      wishes_(std::move(wishes)),
      writer_(parts.api, parts.stop, parts.leadership, kLimits, random_seed()),
      kinds_(kinds(options_.ns)) {}

Keeper::~Keeper() = default;

Result<void> Keeper::start() {
  wishes_->on_change([this] {
    const std::lock_guard lock(mutex_);
    changed();
  });
  parts_.leadership.on_change([this](bool leads) {
    const std::lock_guard lock(mutex_);
    if (leads) changed();
  });
  for (const kube::WatchedKind& kind : kinds_) {
    informers_.emplace_back(kind, parts_.api, parts_.stop, *this, kube::Patience{.quiet = true},
                            random_seed());
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void Keeper::stop() {
  wishes_->on_change(nullptr);
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    condition_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  informers_.clear();
}

// ---- what stands there -----------------------------------------------------------------------

void Keeper::changed() {
  if (!look_) settled_ = kube::Clock::now() + kSettle;
  look_ = true;
  condition_.notify_all();
}

// What is older than what our own write has told is no news.
void Keeper::learn(const std::string& kind, const kube::Object& object) {
  const std::uint64_t version = number_of(object.version);
  if (kind == "Service") {
    StandingService now = read_service(object.text);
    now.version = version;
    StandingService& known = standing_.services[object.name];
    if (known.uid == now.uid && now.version < known.version) return;
    Targets lost = known.targets;
    std::erase_if(lost, [&](const auto& each) {
      const auto kept = now.targets.find(each.first);
      return kept != now.targets.end() && kept->second == each.second;
    });
    rest(lost);
    known = std::move(now);
  } else if (kind == "EndpointSlice") {
    StandingSlice now = read_slice(object.text);
    now.version = version;
    StandingSlice& known = standing_.slices[object.name];
    if (now.version >= known.version) known = std::move(now);
  }
}

void Keeper::learn_node(const kube::Object& object) {
  nodes_[object.name] = read_node(object.text);
}

void Keeper::forget(const std::string& kind, const std::string& name) {
  if (kind == "Service") {
    const auto known = standing_.services.find(name);
    if (known == standing_.services.end()) return;
    rest(known->second.targets);
    standing_.services.erase(known);
  } else if (kind == "EndpointSlice") {
    standing_.slices.erase(name);
  } else {
    nodes_.erase(name);
  }
}

void Keeper::rest(const Targets& targets) {
  const Time until = kube::Clock::now() + kResting;
  for (const auto& [port, target] : targets) resting_[{port.transport, target}] = until;
}

bool Keeper::replace(const std::string& kind, std::vector<kube::Object> objects) {
  const std::lock_guard lock(mutex_);
  std::set<std::string> present, gone;
  for (const kube::Object& object : objects) {
    present.insert(object.name);
    if (kind == "Node") {
      learn_node(object);
    } else {
      learn(kind, object);
    }
  }
  const auto find_gone = [&](const auto& known) {
    for (const auto& [name, each] : known) {
      if (!present.contains(name)) gone.insert(name);
    }
  };
  if (kind == "Service") find_gone(standing_.services);
  if (kind == "EndpointSlice") find_gone(standing_.slices);
  if (kind == "Node") find_gone(nodes_);
  for (const std::string& name : gone) forget(kind, name);
  listed_.insert(kind);
  changed();
  return true;
}

void Keeper::put(const std::string& kind, kube::Object object) {
  const std::lock_guard lock(mutex_);
  if (kind != "Node") {
    learn(kind, object);
    return changed();
  }
  // A node says every few seconds that it lives, which nobody here needs to hear.
  const auto known = nodes_.find(object.name);
  const Node before = known == nodes_.end() ? Node() : known->second;
  learn_node(object);
  if (nodes_[object.name] != before) changed();
}

void Keeper::remove(const std::string& kind, const kube::Object& object) {
  const std::lock_guard lock(mutex_);
  if (object.name == writing_) removed_at_ = number_of(object.version);
  // One that we have made anew since then stays known.
  const std::string uid = kind == "Service" ? read_service(object.text).uid : std::string();
  const auto known = standing_.services.find(object.name);
  if (kind == "Service" && known != standing_.services.end() && known->second.uid != uid) return;
  forget(kind, object.name);
  changed();
}

// ---- what is done ----------------------------------------------------------------------------

bool Keeper::ready() const { return listed_.size() == kinds_.size() && wishes_->get(); }

void Keeper::run() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    const Time now = kube::Clock::now();
    if (now >= wake_) {
      wake_ = Time::max();
      look_ = true;
    }
    if (!parts_.leadership.leads() || !ready() || !look_ || now < settled_) {
      // Not for ever: what leads now may not in a moment, and is not told before it asks.
      const Time until = look_ && now < settled_ ? settled_ : now + seconds(1);
      condition_.wait_until(lock, std::min(until, wake_));
      continue;
    }
    look_ = false;
    carry_out(lock);
  }
}

World Keeper::world() {
  const Time now = kube::Clock::now();
  std::erase_if(resting_, [&](const auto& each) { return each.second <= now; });
  World world{options_.ns, options_.ports, {}, standing_, {}};
  for (const auto& [name, node] : nodes_) world.nodes.push_back(node);
  for (const auto& [port, until] : resting_) world.resting.insert(port);
  return world;
}

void Keeper::carry_out(std::unique_lock<std::mutex>& lock) {
  const auto wishes = wishes_->get();
  const World all = world();
  lock.unlock();
  const std::vector<Write> writes = wanted_writes(*wishes, all);
  lock.lock();
  std::size_t made = 0;
  for (const Write& write : writes) {
    if (ending_ || made == kWritesOfALook) break;
    if (has_to_wait(write, kube::Clock::now())) continue;
    ++made;
    const auto done = make(write, lock);
    if (done) continue;
    if (done.error().fault == kube::Fault::stopped) return;  // whoever leads next looks at it all
    complain(write, done.error());
    if (kube::passes(done.error().fault)) return;  // nor would the next one come through
  }
  if (made == 0) return;
  // What was written brings more to be written: slices of Services that are there now.
  look_ = true;
}

// Somebody who takes away again and again what we write is not answered at once each time.
bool Keeper::has_to_wait(const Write& write, Time now) {
  Written& before = written_[write.name];
  const std::size_t text = std::hash<std::string>()(write.body) + static_cast<int>(write.verb);
  if (text != before.text) {
    before = {text, milliseconds(0), now};
    return false;
  }
  if (now < before.not_before) {
    wake_ = std::min(wake_, before.not_before);
    return true;
  }
  const bool quiet = now > before.not_before + kLongestPause;
  before.pause = quiet ? kFirstPause : std::clamp(before.pause * 2, kFirstPause, kLongestPause);
  before.not_before = now + before.pause;
  return false;
}

kube::ApiResult<void> Keeper::make(const Write& write, std::unique_lock<std::mutex>& lock) {
  const kube::Resource& resource = resource_of(write.kind);
  const std::string object = resource.object(options_.ns, write.name);
  kube::ApiResult<std::string> stands = std::string();
  writing_ = write.name;
  removed_at_ = 0;
  lock.unlock();
  switch (write.verb) {
    case Write::Verb::create: {
      auto created = writer_.create(resource.collection(options_.ns), write.body);
      // One that stands there without our label, or from before its answer was lost.
      if (!created) {
        stands = std::unexpected(created.error());
      } else {
        stands =
            *created ? kube::ApiResult<std::string>(std::move(**created)) : parts_.api.get(object);
      }
      break;
    }
    case Write::Verb::patch:
      stands = writer_.patch(object, kube::PatchType::merge, write.body);
      break;
    case Write::Verb::remove:
      if (auto removed = writer_.remove(object); !removed) {
        stands = std::unexpected(removed.error());
      }
      break;
  }
  lock.lock();
  writing_.clear();
  const bool vanished =
      write.verb == Write::Verb::patch && !stands && stands.error().fault == kube::Fault::not_found;
  if (!stands && !vanished) return std::unexpected(stands.error());
  const bool removed_since = stands && number_of(version_in(*stands)) < removed_at_;
  if (vanished || removed_since || write.verb == Write::Verb::remove) {
    forget(kind_of(write.kind), write.name);
  } else {
    learn(kind_of(write.kind), {options_.ns, write.name, version_in(*stands), *stands});
  }
  if (write.verb == Write::Verb::remove) written_.erase(write.name);
  trouble_.clear();
  return {};
}

void Keeper::complain(const Write& write, const kube::ApiError& error) {
  wake_ = std::min(wake_, kube::Clock::now() + kAfterTrouble);
  if (error.told() == trouble_) return;
  trouble_ = error.told();
  log_warning("shadow object not written",
              {{"object", kind_of(write.kind) + '/' + options_.ns + '/' + write.name},
               {"reason", trouble_}});
}

std::unique_ptr<controller::Component> keeper(const Parts& parts, Options options,
                                              std::shared_ptr<Wishes> wishes) {
  return std::make_unique<Keeper>(parts, std::move(options), std::move(wishes));
}

}  // namespace smic::shadow
