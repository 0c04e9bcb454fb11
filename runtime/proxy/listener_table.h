// SPDX-License-Identifier: Apache-2.0
// Which addresses are listened on, under which number, and what a new snapshot changes about it.
// TCP and UDP may share an address and a port: they are two listeners, of two units.
//
// An address that cannot be had (somebody else is there, it is not this node's yet) must not hold
// up the policy of all others. Its unit is left without a listener until somebody asks to try
// again, or until units come, go or move; a change of rules alone does not pay for it. An address
// that is steered here needs no socket of its own for what arrives; one for UDP has a socket that
// answers leave by.
//
// Tested by tests/unit/proxy/listener_table_test.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "runtime/net/listeners.h"
#include "runtime/proxy/view.h"
#include "runtime/steer/steer.h"

namespace smic::proxy {

struct ListenAddress {
  net::SocketAddress address;
  net::Listeners::Kind kind = net::Listeners::Kind::connections;

  // `node`: what stands for wildcards; one of another family is left out.
  static Result<std::vector<ListenAddress>> all_of(const contract::Unit& unit,
                                                   const std::vector<std::string>& node);
  std::string to_string() const;  // "127.0.0.1:53 (UDP)"
  bool operator==(const ListenAddress&) const = default;
  struct Hash {
    std::size_t operator()(const ListenAddress& one) const {
      return one.address.hash() + static_cast<std::size_t>(one.kind);
    }
  };
};

class ListenerTable {
 public:
  struct Opening {
    ListenerKey key;
    ListenAddress where;
    std::vector<int> fds;  // one per worker; none if it is steered
    bool steered = false;
    steer::Descriptor answers;  // of all workers; only of what is steered, by UDP
  };
  struct Closing {
    ListenerKey key;
    ListenAddress where;
    bool steered = false;
  };
  struct Unbound {
    ListenAddress where;
    std::string unit;          // "shop/web:80"
    std::string reason;        // "listen on 127.0.0.1:80: Address already in use"
    std::uint32_t number = 0;  // of the unit, in its snapshot
  };
  using AllUnbound = std::shared_ptr<const std::vector<Unbound>>;
  // What changes, and the view that results. The fds are open and listening; until commit() they
  // belong to the Change, and go with it.
  struct Change {
    std::vector<Opening> opening;
    std::vector<Closing> closing;
    AllUnbound unbound;  // the same object as before if nothing was tried
    std::vector<View::Bound> bound;
    std::vector<std::uint32_t> free_numbers;  // that will be left
    std::shared_ptr<const program::Snapshot> snapshot;

    Change() = default;
    Change(Change&&) = default;
    Change& operator=(Change&&) = default;
    ~Change();
  };

  // `exclusive`: an address that another process listens on is not shared with it.
  // `steering`: null: every address has its sockets.
  // `node`: addresses in the place of wildcards.
  ListenerTable(std::size_t workers, bool exclusive, const steer::Steering* steering = nullptr,
                std::vector<std::string> node = {})
      : workers_(workers),
        exclusive_(exclusive),
        steering_(steering),
        node_addresses_(std::move(node)) {}

  // Opens what `snapshot` asks for and is not open yet. An error: it contradicts itself.
  enum class Unhad { leave, try_again };  // what was asked for before, and could not be had
  Result<Change> prepare(std::shared_ptr<const program::Snapshot> snapshot,
                         Unhad unhad = Unhad::leave) const;
  void commit(Change& change);
  std::size_t size() const { return open_.size(); }

 private:
  struct Open {
    ListenerKey key;
    bool steered = false;
    steer::Descriptor answers;
  };
  // The units in force, and which of them each listener serves.
  struct InForce {
    std::shared_ptr<const program::Snapshot> snapshot;
    std::vector<View::Bound> bound;
    AllUnbound unbound = std::make_shared<const std::vector<Unbound>>();
    std::vector<steer::RangeStatus> steering;
  };

  bool listens_as_before(const program::Snapshot& snapshot) const;
  Result<void> bind_all(const program::Snapshot& snapshot, Change& change) const;
  void bind_unbound(Change& change) const;
  bool steered(const ListenAddress& where) const {
    return steering_ != nullptr && steering_->steers(where.address);
  }
  std::vector<steer::RangeStatus> steering_status() const {
    return steering_ == nullptr ? std::vector<steer::RangeStatus>() : steering_->status();
  }
  Result<Opening> open(const ListenAddress& where) const;
  Result<std::vector<int>> sockets_on(const ListenAddress& where) const;

  const std::size_t workers_;
  const bool exclusive_;
  const steer::Steering* const steering_;
  const std::vector<std::string> node_addresses_;
  std::unordered_map<ListenAddress, Open, ListenAddress::Hash> open_;
  std::vector<std::uint32_t> generations_;  // by number: that of its last use
  std::vector<std::uint32_t> free_numbers_;
  InForce in_force_;
};

}  // namespace smic::proxy
