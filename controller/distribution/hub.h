// SPDX-License-Identifier: Apache-2.0
// States for nodes, the streams that get them, and what came of it.
//
// Updates are taken, and a thread of the hub's own sends: to each stream that is ready, whatever
// leads from what it has to what is now. A stream that still has something to read is passed over,
// and gets the state of then when it has read it; so a slow node skips versions, and holds up
// nobody. What differs from one mesh part to the next is written down once for all nodes.
//
// A stream begins with what the proxy says it has. If those hashes are of a state that this replica
// knows (it has a few of the last ones), only the difference is sent, whoever made that state;
// otherwise everything. If the proxy knows a higher version than ours, ours is raised above it, and
// all streams get the new head; likewise the epoch (epoch.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "contract/state_stream.h"
#include "controller/api/route.h"
#include "controller/controller.h"
#include "controller/distribution/status.h"

namespace smic::distribution {

// What a proxy has.
struct From {
  std::uint64_t epoch = 0, version = 0;                  // 0 = nothing
  std::optional<contract::Hash> mesh, local;             // absent: it wants everything
  std::uint64_t refused_epoch = 0, refused_version = 0;  // that it will not take, so is not sent
  std::vector<std::string> targets;  // whose code it runs, the best first; empty = it did not say
};

inline constexpr std::size_t kMaxTargetsTold = 16;

struct HubFigures {
  std::size_t streams = 0;
  std::uint64_t messages = 0, whole = 0, bytes = 0, acknowledged = 0, refused = 0;
};

struct HubOptions {
  std::chrono::milliseconds heartbeat{2'000};
  std::size_t remembered = 16;       // mesh parts of before, for those who come back
  std::chrono::minutes forget{15};   // a node without pods that is not heard of
  std::vector<std::string> targets;  // that units have code for
  std::function<Clock::time_point()> now = [] { return Clock::now(); };
  // Takes an epoch above the one given.
  std::function<Result<std::uint64_t>(std::uint64_t above)> take_epoch;
};

// Safe to use from any thread.
class Hub {
 public:
  static std::unique_ptr<Hub> start(HubOptions options, contract::SigningKey key);
  virtual ~Hub() = default;

  virtual Result<void> take(const controller::Update& update) = 0;
  // What is now is signed again, for everybody.
  virtual void use_key(contract::SigningKey key) = 0;

  // An error is why it cannot be served now.
  virtual Result<void> subscribe(const std::string& node, const From& from,
                                 std::shared_ptr<api::Stream> stream) = 0;
  virtual void acknowledge(Acknowledged what) = 0;
  // Null if no state of now or before names it.
  virtual std::shared_ptr<const contract::Bytes> image(const std::string& digest) const = 0;

  virtual Report report() const = 0;
  virtual void hear(std::vector<Report> others) = 0;  // in the place of what was heard before

  virtual std::chrono::milliseconds heartbeat() const = 0;
  virtual Status status() const = 0;
  virtual HubFigures figures() const = 0;
  virtual bool has_state() const = 0;
  // Called, from any thread and without a lock, whenever status() may have changed.
  virtual void on_change(std::function<void()> told) = 0;
};

}  // namespace smic::distribution
