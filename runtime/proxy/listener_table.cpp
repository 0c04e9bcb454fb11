// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/listener_table.h"

#include <unistd.h>

#include <string>

#include "runtime/net/listeners.h"

namespace smic::proxy {
namespace {

std::string name_of(const program::Unit& unit) {
  return unit.manifest.service + ":" + std::to_string(unit.manifest.port);
}

}  // namespace

ListenerTable::Change::~Change() {
  for (const Opening& one : opening) {
    for (const int fd : one.fds) ::close(fd);
  }
}

Result<ListenerTable::Change> ListenerTable::prepare(const program::Snapshot& snapshot,
                                                     std::size_t workers) const {
  Change change;
  std::vector<std::uint32_t> free_numbers = free_numbers_;
  std::uint32_t next_number = static_cast<std::uint32_t>(generations_.size());
  std::unordered_map<net::SocketAddress, std::uint32_t> wanted;  // → unit
  const auto bind_unit = [&](ListenerKey key, std::uint32_t unit) {
    if (change.bound.size() <= key.number) change.bound.resize(key.number + 1);
    change.bound[key.number] = {unit, key.generation};
  };
  change.bound.resize(generations_.size());
  for (std::uint32_t i = 0; i < snapshot.units.size(); ++i) {
    const program::Unit& unit = snapshot.units[i];
    if (unit.manifest.protocol == contract::Protocol::udp) continue;  // not served here
    const auto address =
        net::SocketAddress::parse(unit.manifest.listen_address, unit.manifest.listen_port);
    if (!address) return fail(address, "unit " + name_of(unit));
    const auto [other, fresh] = wanted.emplace(*address, i);
    if (!fresh) {
      return fail("units " + name_of(snapshot.units[other->second]) + " and " + name_of(unit) +
                  " have the same address " + address->to_string());
    }
    if (const auto found = open_.find(*address); found != open_.end()) {
      bind_unit(found->second, i);
      continue;
    }
    Opening opening;
    opening.address = *address;
    if (free_numbers.empty()) {
      opening.key = {next_number++, 1};
    } else {
      opening.key = {free_numbers.back(), generations_[free_numbers.back()] + 1};
      free_numbers.pop_back();
    }
    bind_unit(opening.key, i);
    change.opening.push_back(std::move(opening));
    for (std::size_t worker = 0; worker < workers; ++worker) {
      const auto fd = net::listen_on(*address);
      if (!fd) return fail(fd, "unit " + name_of(unit));
      change.opening.back().fds.push_back(*fd);
    }
  }
  for (const auto& [address, key] : open_) {
    if (wanted.contains(address)) continue;
    change.closing.push_back(key);
    change.closing_addresses.push_back(address);
  }
  return change;
}

void ListenerTable::commit(Change& change) {
  for (const Opening& one : change.opening) {
    open_[one.address] = one.key;
    if (generations_.size() <= one.key.number) generations_.resize(one.key.number + 1);
    generations_[one.key.number] = one.key.generation;
    std::erase(free_numbers_, one.key.number);
  }
  for (std::size_t i = 0; i < change.closing.size(); ++i) {
    open_.erase(change.closing_addresses[i]);
    free_numbers_.push_back(change.closing[i].number);
  }
}

}  // namespace smic::proxy
