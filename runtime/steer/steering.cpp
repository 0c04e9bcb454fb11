// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/steer/steering_test.cpp, in network namespaces of its own.
#include "runtime/steer/steering.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "runtime/steer/bpf.h"

namespace smic::steer {
namespace {

using How = RangeStatus::How;
constexpr std::uint32_t kSlots = 2 * kKinds;  // the workers' sockets, and those of a probe

Result<std::vector<IpRange>> parse(const std::vector<std::string>& texts) {
  std::vector<IpRange> ranges;
  for (const std::string& text : texts) {
    const auto range = IpRange::parse(text);
    if (!range) return std::unexpected(range.error());
    ranges.push_back(*range);
  }
  return ranges;
}

bpf::Target target_of(const net::SocketAddress& address, net::Listeners::Kind kind) {
  bpf::Target target;
  const bool v6 = address.family() == AF_INET6;
  if (v6) {
    const auto* from = reinterpret_cast<const sockaddr_in6*>(address.data());
    std::memcpy(target.address, &from->sin6_addr, sizeof target.address);
  } else {
    target.address[0] = reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr.s_addr;
  }
  target.port = address.port();
  target.kind = static_cast<std::uint32_t>(kind_of(v6 ? IpFamily::v6 : IpFamily::v4, kind));
  return target;
}

}  // namespace

Steering::Steering(std::shared_ptr<Steward> steward, std::size_t workers, Mode mode)
    : steward_(std::move(steward)), workers_(workers), mode_(mode) {}

Steering::~Steering() {
  stop();
  privileged([this] {
    for (const netlink::LocalRoute& route : routes_) {
      if (const auto gone = netlink::remove(route); !gone) {
        log_warning("a route is left behind", {{"reason", gone.error().message}});
      }
    }
  });
}

void Steering::privileged(const std::function<void()>& work) const {
  if (steward_ == nullptr) return work();
  steward_->run(work);
}

Result<void> Steering::use(const std::vector<std::string>& texts) {
  const auto ranges = parse(texts);
  if (!ranges) return fail(ranges, "mesh ranges");
  const bool same = std::ranges::equal(*ranges, status_, {}, {}, &RangeStatus::range);
  if (stopped_ || (same && complete())) return {};
  privileged([&] { make_routes(*ranges); });
  return {};
}

// A range whose route cannot be had is unavailable; the others go on.
void Steering::make_routes(const std::vector<IpRange>& ranges) {
  std::vector<RangeStatus> status;
  std::vector<netlink::LocalRoute> routes;
  std::vector<IpRange> routed;
  Result<void> claimed;
  if (!ranges.empty() && !claim_.holder.open()) {
    auto claim = claim_a_metric();
    if (claim)
      claim_ = std::move(*claim);
    else
      claimed = std::unexpected(claim.error());
    remove_leftovers(ranges);
  }
  for (const IpRange& range : ranges) {
    const netlink::LocalRoute route{range, claim_.metric};
    const auto added = claimed ? netlink::add(route) : claimed;
    status.push_back({range, added ? How::bound : How::unavailable,
                      added ? std::string() : added.error().message});
    if (!added) continue;
    routes.push_back(route);
    routed.push_back(range);
  }
  const auto steered = mode_ == Mode::bind
                           ? Result<void>(fail("addresses are bound one by one, as asked for"))
                           : steer(routed);
  for (RangeStatus& each : status) {
    if (each.how == How::unavailable) continue;
    each.how = steered ? How::steered : How::bound;
    if (!steered) each.reason = steered.error().message;
  }
  for (const netlink::LocalRoute& route : routes_) {
    if (std::ranges::find(routes, route) == routes.end()) (void)netlink::remove(route);
  }
  routes_ = std::move(routes);
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

// Of proxies that ended without putting things back. Those with our metric that are wanted again
// are taken over: adding them changes nothing.
void Steering::remove_leftovers(const std::vector<IpRange>& wanted) {
  const auto routes = netlink::ours();
  if (!routes) return;
  for (const netlink::LocalRoute& route : *routes) {
    const bool mine = route.metric == claim_.metric;
    const bool taken_over = mine && std::ranges::find(wanted, route.range) != wanted.end();
    if (taken_over || (!mine && claimed(route.metric))) continue;
    log_info("a route of a proxy that is gone is removed", {{"range", route.range.to_string()}});
    (void)netlink::remove(route);
  }
}

Result<void> Steering::prepare_maps() {
  if (targets_.open()) return {};
  auto targets = bpf::make_targets();
  if (!targets) return std::unexpected(targets.error());
  auto map = bpf::make_sockets(kSlots);
  if (!map) return std::unexpected(map.error());
  auto sockets = open_sockets(workers_);
  if (!sockets) return std::unexpected(sockets.error());
  for (std::uint32_t kind = 0; kind < kKinds; ++kind) {
    if ((*sockets)[kind].empty()) continue;
    // One of the group is enough: the kernel chooses among all.
    auto set = bpf::set_socket(map->get(), kind, (*sockets)[kind].front().get());
    if (!set) return set;
  }
  targets_ = std::move(*targets);
  socket_map_ = std::move(*map);
  sockets_ = std::move(*sockets);
  return {};
}

Result<void> Steering::steer(const std::vector<IpRange>& ranges) {
  if (ranges.empty() && !link_.open()) return {};
  if (auto prepared = prepare_maps(); !prepared) return prepared;
  auto program = bpf::load_program(ranges, targets_.get(), socket_map_.get());
  if (!program) return std::unexpected(program.error());
  if (link_.open()) return bpf::replace(link_.get(), program->get());
  const Descriptor here(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!here.open()) return fail(std::string("open the network namespace: ") + std::strerror(errno));
  auto link = bpf::attach(program->get(), here.get());
  if (!link) return std::unexpected(link.error());
  link_ = std::move(*link);
  return {};
}

bool Steering::complete() const {
  const How wanted = mode_ == Mode::bind ? How::bound : How::steered;
  return std::ranges::all_of(status_, [&](const RangeStatus& each) { return each.how == wanted; });
}

const RangeStatus* Steering::range_of(const net::SocketAddress& address) const {
  if (status_.empty()) return nullptr;
  const auto ip = IpAddress::parse(address.ip());
  if (!ip) return nullptr;
  const auto found = std::ranges::find_if(
      status_, [&](const RangeStatus& each) { return each.range.contains(*ip); });
  return found == status_.end() ? nullptr : &*found;
}

bool Steering::steers(const net::SocketAddress& address) const {
  const RangeStatus* range = range_of(address);
  return range != nullptr && range->how == How::steered;
}

bool Steering::routes(const net::SocketAddress& address) const {
  const RangeStatus* range = range_of(address);
  return range != nullptr && range->how != How::unavailable;
}

std::array<int, kKinds> Steering::take_sockets(std::size_t worker) {
  std::array<int, kKinds> taken{};
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    auto& of_kind = sockets_[kind];
    taken[kind] = worker < of_kind.size() ? of_kind[worker].release() : -1;
  }
  return taken;
}

Result<void> Steering::add(const net::SocketAddress& address, net::Listeners::Kind kind) {
  SMIC_CHECK(targets_.open(), "nothing is steered");
  const bpf::Target target = target_of(address, kind);
  Result<void> done;
  done = bpf::set_target(targets_.get(), target, target.kind);
  if (!done) privileged([&] { done = bpf::set_target(targets_.get(), target, target.kind); });
  return done;
}

void Steering::remove(const net::SocketAddress& address, net::Listeners::Kind kind) {
  if (!targets_.open()) return;
  const bpf::Target target = target_of(address, kind);
  if (bpf::remove_target(targets_.get(), target)) return;
  privileged([&] { (void)bpf::remove_target(targets_.get(), target); });
}

Result<Steering::ProbeDoors> Steering::open_probe(const IpAddress& address) {
  auto dialled = net::SocketAddress::parse(address.to_string(), 0);
  if (!dialled) return std::unexpected(dialled.error());
  const bool through_program = steers(*dialled);
  const char* loopback = address.family == IpFamily::v4 ? "127.0.0.1" : "::1";
  const auto bound = through_program ? *net::SocketAddress::parse(loopback, 0) : *dialled;
  const auto streams = net::listen_on(bound, !through_program);
  if (!streams) return std::unexpected(streams.error());
  ProbeDoors doors;
  doors.streams = Descriptor(*streams);
  const std::uint16_t port = net::SocketAddress::local_of(*streams).port();
  doors.dialled = *net::SocketAddress::parse(address.to_string(), port);
  const auto datagrams = net::receive_on(through_program ? bound : doors.dialled, !through_program);
  if (!datagrams) return std::unexpected(datagrams.error());
  doors.datagrams = Descriptor(*datagrams);
  if (!through_program) {
    doors.answers = Descriptor(::dup(*datagrams));
    return doors;
  }
  auto answers = open_answers(doors.dialled);
  if (!answers) return std::unexpected(answers.error());
  doors.answers = std::move(*answers);
  for (const auto kind : {net::Listeners::Kind::connections, net::Listeners::Kind::datagrams}) {
    const bpf::Target target = target_of(doors.dialled, kind);
    const std::uint32_t slot = kKinds + target.kind;
    const int socket = kind == net::Listeners::Kind::connections ? *streams : *datagrams;
    auto set = bpf::set_socket(socket_map_.get(), slot, socket);
    if (set) set = bpf::set_target(targets_.get(), target, slot);
    if (!set) return std::unexpected(set.error());
  }
  return doors;
}

void Steering::close_probe(const net::SocketAddress& dialled) {
  if (!targets_.open()) return;
  for (const auto kind : {net::Listeners::Kind::connections, net::Listeners::Kind::datagrams}) {
    (void)bpf::remove_target(targets_.get(), target_of(dialled, kind));
  }
}

void Steering::stop() {
  if (stopped_) return;
  stopped_ = true;
  if (!link_.open()) return;
  bpf::detach(link_.get());
  link_ = Descriptor();
}

std::vector<RangeStatus> Steering::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace smic::steer
