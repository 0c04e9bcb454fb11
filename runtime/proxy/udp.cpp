// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/udp.h"

#include <cstring>
#include <vector>

namespace smic::proxy {
namespace {

constexpr const char* kCutOff = "cut off: the policy no longer allows it";

std::string unavailable(const upstream::Pool& endpoint, const std::string& why) {
  return "unavailable; endpoint=" + endpoint.address().to_string() + "; " + why;
}

}  // namespace

// ---- a flow ------------------------------------------------------------------------------------

Flow::Flow(Flows& owner, Caller caller, upstream::Pool& endpoint, int fd)
    : Caller(std::move(caller)),
      flows(owner),
      to(endpoint),
      in_use(endpoint),
      upstream(
          worker.loop(), fd,
          [](void* self) {
            auto& flow = *static_cast<Flow*>(self);
            flow.flows.answered(flow);
          },
          this) {
  account.status = 200;
  worker.metrics.udp_flows.add();
  worker.metrics.udp_flows_open.add();
}

Flow::~Flow() {
  worker.metrics.udp_flows_open.subtract();
  settle(*this);
}

// ---- all of them -------------------------------------------------------------------------------

Flows::Flows(Worker& worker)
    : worker_(worker),
      open_(worker.options().max_udp_flows),
      retired_(worker.options().max_udp_flows / 4 + 1),
      refused_(kMostRefused) {}

std::uint64_t Flows::now() const { return worker_.loop().deadlines().now(); }

void Flows::drop(observe::Drop why, std::size_t datagrams) {
  worker_.metrics.udp_dropped[static_cast<std::size_t>(why)].add(datagrams);
}

void Flows::arrived(ListenerKey listener, int socket) {
  const auto count = batch_.receive(socket);
  if (!count) return;  // about an answer that did not arrive: nobody to tell
  for (std::size_t first = 0; first < *count;) {
    std::size_t last = first + 1;
    while (last < *count && batch_.sender(last) == batch_.sender(first)) ++last;
    carry({listener, batch_.sender(first)}, first, last);
    first = last;
  }
  worker_.quiet();
}

void Flows::arrived_steered(int socket) {
  const auto count = batch_.receive(socket);
  if (!count) return;
  const auto same = [this](std::size_t a, std::size_t b) {
    return batch_.sender(a) == batch_.sender(b) && batch_.destination(a) == batch_.destination(b);
  };
  for (std::size_t first = 0; first < *count;) {
    std::size_t last = first + 1;
    while (last < *count && same(first, last)) ++last;
    const auto& destination = batch_.destination(first);
    const auto key = destination
                         ? worker_.steered_to({*destination, net::Listeners::Kind::datagrams})
                         : std::nullopt;
    if (key) {
      carry({*key, batch_.sender(first)}, first, last);
    } else {
      drop(observe::Drop::unavailable, last - first);
    }
    first = last;
  }
  worker_.quiet();
}

void Flows::carry(const FlowKey& key, std::size_t first, std::size_t last) {
  Flow* flow = open_.use(key, now());
  if (flow == nullptr) flow = open(key, last - first);
  if (flow == nullptr) return;
  const net::DatagramBatch::Sent sent = batch_.send(flow->upstream.fd(), first, last);
  flow->account.received += sent.bytes;
  worker_.metrics.udp_datagrams_received.add(sent.datagrams);
  worker_.metrics.udp_bytes_received.add(sent.bytes);
  drop(observe::Drop::unsent, last - first - sent.datagrams);
}

// Null: refused, and the datagrams are dropped.
Flow* Flows::open(const FlowKey& key, std::size_t datagrams) {
  if (const Refused* before = refused_.use(key, now())) {
    if (now() < before->again) {
      drop(before->why, datagrams);
      return nullptr;
    }
    refused_.remove(key);
  }
  Caller caller(worker_, key.listener, key.client);
  caller.account.began = std::chrono::steady_clock::now();
  caller.account.protocol = "udp";
  Choice choice;
  std::optional<Refusal> refusal = decide(caller, RequestHead(), choice);
  if (!refusal) {
    const auto fd = net::datagrams_to(choice.pool->address());
    if (fd) {
      make_room(open_);
      return &open_.add(key, now(), *this, std::move(caller), *choice.pool, *fd);
    }
    refusal = {503, unavailable(*choice.pool, fd.error().message), ""};
  }
  refuse(caller, *refusal, datagrams);
  return nullptr;
}

void Flows::refuse(Caller& caller, const Refusal& refusal, std::size_t datagrams) {
  const bool denied = refusal.status == 403;
  const observe::Drop why = denied ? observe::Drop::denied : observe::Drop::unavailable;
  if (refused_.full()) refused_.remove_oldest();
  refused_.add({caller.listener, caller.peer}, now(),
               Refused{why, denied ? ~std::uint64_t{0} : now() + kTryAgain / net::kTick});
  drop(why, datagrams);
  caller.account.status = refusal.status;
  caller.account.reason = refusal.reason;
  settle(caller);
}

void Flows::answered(Flow& flow) {
  const auto count = batch_.receive(flow.upstream.fd());
  if (!count) {
    drop(observe::Drop::unavailable, 1);
    return end(flow, unavailable(flow.to, std::strerror(count.error())));
  }
  if (*count == 0) return;
  if (!flow.retired) open_.use(flow.key(), now());  // who has retired has a time and no more
  const int socket = worker_.socket_of(flow.listener);
  const net::DatagramBatch::Sent sent = batch_.send(socket, 0, *count, &flow.peer);
  flow.account.sent += sent.bytes;
  worker_.metrics.udp_datagrams_sent.add(sent.datagrams);
  worker_.metrics.udp_bytes_sent.add(sent.bytes);
  drop(observe::Drop::unsent, *count - sent.datagrams);
}

// ---- ends --------------------------------------------------------------------------------------

void Flows::make_room(Table& table) {
  if (!table.full()) return;
  Flow& oldest = table.oldest();
  oldest.account.reason = "gave way: as many flows as there may be";
  oldest.worker.metrics.udp_flows_evicted.add();
  table.remove_oldest();
}

void Flows::end(Flow& flow, std::string reason) {
  flow.account.reason = std::move(reason);
  (flow.retired ? retired_ : open_).remove(flow.key());
}

void Flows::adopt_view() {
  refused_.clear();
  std::vector<Flow*> retiring;
  const auto ends = [&](Flow& flow) {
    switch (standing_of(flow, RequestHead(), flow.to)) {
      case Standing::allowed:
        return false;
      case Standing::endpoint_gone:
        if (!flow.retired) retiring.push_back(&flow);
        return false;
      case Standing::forbidden:
      case Standing::unit_gone:
        break;
    }
    flow.account.reason = kCutOff;
    return true;
  };
  open_.remove_if(ends);
  retired_.remove_if(ends);
  for (Flow* flow : retiring) retire(*flow);
}

void Flows::retire(Flow& flow) {
  retired_.remove(flow.key());  // one of the client's that has retired before
  make_room(retired_);
  flow.retired = true;
  flow.account.reason = "its endpoint is gone";
  open_.move_to(retired_, flow.key(), now());
}

void Flows::end_unused(std::chrono::milliseconds idle) {
  const auto end_those = [this](auto& table, std::chrono::milliseconds time) {
    const auto ticks = static_cast<std::uint64_t>(time / net::kTick);
    while (now() >= ticks && table.unused_since(now() - ticks) != nullptr) table.remove_oldest();
  };
  end_those(open_, idle);
  end_those(refused_, idle);
  end_those(retired_, std::min(idle, kRetirement));
}

void Flows::end_all() {
  open_.clear();
  retired_.clear();
}

}  // namespace smic::proxy
