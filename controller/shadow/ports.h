// SPDX-License-Identifier: Apache-2.0
// Ports of every node: each port of a meshed Service has one of its own there, TCP and UDP apart.
// Whose it is, is written in shadow Services and nowhere else.
//
// Tested by tests/unit/shadow/ports_test.cpp.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "controller/controller.h"

namespace smic::shadow {

using Port = controller::MeshedService::Port;
using Transport = contract::Transport;
using Targets = std::map<Port, std::uint16_t>;  // port of the Service → port of every node

std::string to_string(const Port& port);  // "80/TCP"

struct PortRange {
  std::uint16_t first = 0, last = 0;

  // "16000-29999": above the ports that need a capability.
  static Result<PortRange> parse(const std::string& text);
  std::string to_string() const;
  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  std::size_t size() const { return std::size_t{last} - first + 1; }
};

// What a shadow Service says about ports, by name.
struct Claim {
  std::string name;
  std::string created;  // RFC 3339
  Targets targets;

  bool operator==(const Claim&) const = default;
};

// Who has which port, and who gets which. Of two that claim the same one, which only somebody's
// edit brings about, the older one has it: two units on one port would be nobody's.
class PortTable {
 public:
  PortTable(PortRange range, std::vector<Claim> claims);

  const Targets& of(const std::string& name) const;
  bool full(Transport transport) const { return ports(transport).count >= range_.size(); }

  // The one it has, or a free one: from where the hash of name and port leads on, so that it
  // rarely is one that was somebody else's a moment ago. Those in `resting` only if need be.
  using Taken = std::set<std::pair<Transport, std::uint16_t>>;
  std::optional<std::uint16_t> give(const std::string& name, const Port& port,
                                    const Taken& resting);

 private:
  struct Ports {
    std::bitset<65536> taken;
    std::size_t count = 0;
  };

  const Ports& ports(Transport transport) const {
    return transport == Transport::tcp ? tcp_ : udp_;
  }
  bool take(Transport transport, std::uint16_t port);  // false: it is somebody's

  const PortRange range_;
  std::unordered_map<std::string, Targets> targets_;  // by name
  Ports tcp_, udp_;
};

}  // namespace smic::shadow
