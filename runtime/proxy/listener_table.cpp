// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/listener_table.h"

#include <unistd.h>

#include "runtime/net/datagrams.h"

namespace smic::proxy {
namespace {

using Kind = net::Listeners::Kind;

std::string name_of(const contract::Unit& unit) {
  return unit.service + ":" + std::to_string(unit.port);
}

void bind_unit(ListenerTable::Change& change, ListenerKey key, std::uint32_t unit) {
  if (change.bound.size() <= key.number) change.bound.resize(key.number + 1);
  change.bound[key.number] = {unit, key.generation};
}

// The one of the wildcard's family; null: there is none.
const std::string* of_family(const std::vector<std::string>& addresses,
                             const std::string& wildcard) {
  const bool v6 = wildcard.contains(':');
  for (const std::string& each : addresses) {
    if (each.contains(':') == v6) return &each;
  }
  return nullptr;
}

bool is_wildcard(std::string_view ip) { return ip == "0.0.0.0" || ip == "::"; }

// Numbers for new listeners, in one change.
class Numbers {
 public:
  Numbers(std::vector<std::uint32_t>& free, const std::vector<std::uint32_t>& generations)
      : free_(free), generations_(generations), fresh_(generations.size()) {}

  ListenerKey next() {
    if (free_.empty()) return {static_cast<std::uint32_t>(fresh_++), 1};
    const std::uint32_t number = free_.back();
    free_.pop_back();
    return {number, generations_[number] + 1};
  }

 private:
  std::vector<std::uint32_t>& free_;
  const std::vector<std::uint32_t>& generations_;
  std::size_t fresh_;
};

}  // namespace

Result<std::vector<ListenAddress>> ListenAddress::all_of(const contract::Unit& unit,
                                                         const std::vector<std::string>& node) {
  const Kind kind = unit.protocol == contract::Protocol::udp ? Kind::datagrams : Kind::connections;
  std::vector<ListenAddress> all;
  for (const std::string& text : unit.listen_addresses) {
    const std::string* place = is_wildcard(text) ? of_family(node, text) : &text;
    if (place == nullptr) continue;
    const auto address = net::SocketAddress::parse(*place, unit.listen_port);
    if (!address) return fail(address, "unit " + name_of(unit));
    all.push_back({*address, kind});
  }
  // Of no family: as the manifest has it, so that it is told to be nowhere.
  if (all.empty() && !unit.listen_addresses.empty()) {
    const auto first = net::SocketAddress::parse(unit.listen_addresses.front(), unit.listen_port);
    if (first) all.push_back({*first, kind});
  }
  return all;
}

std::string ListenAddress::to_string() const {
  return address.to_string() + (kind == Kind::datagrams ? " (UDP)" : "");
}

ListenerTable::Change::~Change() {
  for (const Opening& one : opening) {
    for (const int fd : one.fds) ::close(fd);
  }
}

// Without its key.
Result<ListenerTable::Opening> ListenerTable::open(const ListenAddress& where) const {
  // On a wildcard itself answers by UDP would leave from whichever address routes prefer, and the
  // mesh would be open on whatever else the node is reached by.
  if (is_wildcard(where.address.ip())) {
    return fail("no address of this node is known for it: see --node-addresses");
  }
  Opening opening{.where = where, .steered = steered(where)};
  if (!opening.steered) {
    auto fds = sockets_on(where);
    if (!fds) return std::unexpected(fds.error());
    opening.fds = std::move(*fds);
  } else if (where.kind == Kind::datagrams) {
    auto answers = steer::open_answers(where.address);
    if (!answers) return std::unexpected(answers.error());
    opening.answers = std::move(*answers);
  }
  return opening;
}

Result<std::vector<int>> ListenerTable::sockets_on(const ListenAddress& where) const {
  if (exclusive_) {
    if (const auto free = net::nobody_on(where.address, where.kind); !free) {
      return std::unexpected(free.error());
    }
  }
  const bool routed = steering_ != nullptr && steering_->routes(where.address);
  std::vector<int> fds;
  while (fds.size() < workers_) {
    const auto fd = where.kind == Kind::datagrams ? net::receive_on(where.address, routed)
                                                  : net::listen_on(where.address, routed);
    if (!fd) {
      for (const int opened : fds) ::close(opened);
      return std::unexpected(fd.error());
    }
    fds.push_back(*fd);
  }
  return fds;
}

// Nearly every change leaves the units in their places and where they listen: then the listeners
// stay as they are, and what is to be seen is seen by a look at two lists of pointers.
bool ListenerTable::listens_as_before(const program::Snapshot& snapshot) const {
  if (!in_force_.snapshot || in_force_.snapshot->units.size() != snapshot.units.size()) {
    return false;
  }
  if (in_force_.steering != steering_status()) return false;
  for (std::size_t i = 0; i < snapshot.units.size(); ++i) {
    if (snapshot.units[i] == in_force_.snapshot->units[i]) continue;
    const contract::Unit& now = snapshot.units[i]->manifest;
    const contract::Unit& before = in_force_.snapshot->units[i]->manifest;
    const bool alike = now.listen_addresses == before.listen_addresses &&
                       now.listen_port == before.listen_port && now.protocol == before.protocol;
    if (!alike) return false;
  }
  return true;
}

Result<ListenerTable::Change> ListenerTable::prepare(
    std::shared_ptr<const program::Snapshot> snapshot, Unhad unhad) const {
  Change change;
  change.free_numbers = free_numbers_;
  if (listens_as_before(*snapshot)) {
    change.bound = in_force_.bound;
    change.unbound = in_force_.unbound;
    if (unhad == Unhad::try_again && !change.unbound->empty()) bind_unbound(change);
  } else if (auto bound = bind_all(*snapshot, change); !bound) {
    return std::unexpected(bound.error());
  }
  change.snapshot = std::move(snapshot);
  return change;
}

Result<void> ListenerTable::bind_all(const program::Snapshot& snapshot, Change& change) const {
  change.bound.resize(generations_.size());
  Numbers numbers(change.free_numbers, generations_);
  std::unordered_map<ListenAddress, std::uint32_t, ListenAddress::Hash> wanted;  // → unit
  auto unbound = std::make_shared<std::vector<Unbound>>();
  for (std::uint32_t i = 0; i < snapshot.units.size(); ++i) {
    const contract::Unit& unit = snapshot.units[i]->manifest;
    const auto addresses = ListenAddress::all_of(unit, node_addresses_);
    if (!addresses) return std::unexpected(addresses.error());
    for (const ListenAddress& where : *addresses) {
      const auto [other, fresh] = wanted.emplace(where, i);
      if (!fresh) {
        return fail("units " + name_of(snapshot.units[other->second]->manifest) + " and " +
                    name_of(unit) + " have the same address " + where.to_string());
      }
      const auto found = open_.find(where);
      if (found != open_.end() && found->second.steered == steered(where)) {
        bind_unit(change, found->second.key, i);
      } else if (auto opening = open(where)) {
        opening->key = numbers.next();
        bind_unit(change, opening->key, i);
        change.opening.push_back(std::move(*opening));
      } else {
        unbound->push_back({where, name_of(unit), opening.error().message, i});
      }
    }
  }
  for (const auto& [where, open] : open_) {
    if (wanted.contains(where) && open.steered == steered(where)) continue;
    change.closing.push_back({open.key, where, open.steered});
  }
  change.unbound = std::move(unbound);
  return {};
}

// The units are where they were, so nothing else can have changed.
void ListenerTable::bind_unbound(Change& change) const {
  Numbers numbers(change.free_numbers, generations_);
  auto unbound = std::make_shared<std::vector<Unbound>>();
  for (const Unbound& one : *in_force_.unbound) {
    auto opening = open(one.where);
    if (!opening) {
      unbound->push_back({one.where, one.unit, opening.error().message, one.number});
      continue;
    }
    opening->key = numbers.next();
    bind_unit(change, opening->key, one.number);
    change.opening.push_back(std::move(*opening));
  }
  change.unbound = std::move(unbound);
}

void ListenerTable::commit(Change& change) {
  free_numbers_ = std::move(change.free_numbers);
  for (const Closing& one : change.closing) {
    open_.erase(one.where);
    free_numbers_.push_back(one.key.number);
  }
  for (Opening& one : change.opening) {
    open_[one.where] = {one.key, one.steered, std::move(one.answers)};
    if (generations_.size() <= one.key.number) generations_.resize(one.key.number + 1);
    generations_[one.key.number] = one.key.generation;
  }
  in_force_ = {change.snapshot, change.bound, change.unbound, steering_status()};
}

}  // namespace smic::proxy
