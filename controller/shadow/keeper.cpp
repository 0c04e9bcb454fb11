// SPDX-License-Identifier: Apache-2.0
#include "controller/shadow/keeper.h"

#include <algorithm>
#include <random>

#include "base/log.h"

namespace smic::shadow {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kSettle{100};  // changes in between are one look
constexpr milliseconds kAfterTrouble{5'000};
constexpr milliseconds kRound{2'000};  // of writes, until all of it is looked at again
constexpr milliseconds kFirstPause{1'000}, kLongestPause{300'000};
constexpr kube::Writer::Limits kLimits{.per_second = 180, .burst = 20};  // 200 in any second

const kube::Resource kServices{"", "v1", "services"};
const kube::Resource kSlices{"discovery.k8s.io", "v1", "endpointslices"};

const kube::Resource& resource_of(Write::Kind kind) {
  return kind == Write::Kind::service ? kServices : kSlices;
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

bool Keeper::replace(const std::string& kind, std::vector<kube::Object> objects) {
  const std::lock_guard lock(mutex_);
  known_.replace(kind, objects, kube::Clock::now());
  changed();
  return true;
}

void Keeper::put(const std::string& kind, kube::Object object) {
  const std::lock_guard lock(mutex_);
  if (known_.put(kind, object, kube::Clock::now())) changed();
}

void Keeper::remove(const std::string& kind, const kube::Object& object) {
  const std::lock_guard lock(mutex_);
  if (known_.remove(kind, object, kube::Clock::now())) changed();
}

// ---- what is done ----------------------------------------------------------------------------

bool Keeper::ready() const {
  return wishes_->get() && std::ranges::all_of(kinds_, [this](const kube::WatchedKind& kind) {
    return known_.listed(kind.kind);
  });
}

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

void Keeper::carry_out(std::unique_lock<std::mutex>& lock) {
  const auto wishes = wishes_->get();
  const World world = known_.world(options_.ns, options_.ports, kube::Clock::now());
  lock.unlock();
  const std::vector<Write> writes = wanted_writes(*wishes, world);
  lock.lock();
  bool any = false;
  const Time end = kube::Clock::now() + kRound;
  for (const Write& write : writes) {
    const Time now = kube::Clock::now();
    if (ending_ || now > end) break;
    if (has_to_wait(write, now)) continue;
    any = true;
    const auto done = make(write, lock);
    if (done) continue;
    if (done.error().fault == kube::Fault::stopped) return;  // whoever leads next looks at it all
    complain(write, done.error());
    if (kube::passes(done.error().fault)) return;  // nor would the next one come through
  }
  if (!any) return;
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
  known_.begin(write);
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
  const bool vanished =
      write.verb == Write::Verb::patch && !stands && stands.error().fault == kube::Fault::not_found;
  if (!stands && !vanished) return std::unexpected(stands.error());
  if (vanished || write.verb == Write::Verb::remove) {
    known_.answered_gone(kube::Clock::now());
  } else {
    known_.answered(*stands, kube::Clock::now());
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
