// SPDX-License-Identifier: Apache-2.0
// Our end: sockets of the probe's own take the workers' place for one address and port, the last of
// the range, which no plan gives to a Service (controller/node_plan.cpp).
//
// Tested by tests/unit/steer/probe_test.cpp.
#include "runtime/steer/probe.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>

#include "runtime/steer/probe_client.h"

namespace smic::steer {
namespace {

using Transport = net::Listeners::Kind;
using Step = ProbeReport::Step;
constexpr int kPatience = 6000;  // milliseconds; the client gives up before

IpAddress last_of(const IpRange& range) {
  IpAddress address = range.first;
  for (std::size_t bit = range.prefix; bit < address.bits(); ++bit) {
    address.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
  }
  return address;
}

std::string link_name() { return "smic" + std::to_string(::getpid()); }

std::string setting(const std::string& name) {
  std::ifstream file("/proc/sys/net/ipv4/conf/" + name);
  std::string value;
  file >> value;
  return value;
}

// What the probe's sockets have seen.
struct Seen {
  bool connection = false;
  std::string peer;
};

class Probe {
 public:
  Probe(Steering& steering, const RangeStatus& range)
      : steering_(steering), range_(range), proof_{range.range} {}

  Proof run() {
    if (auto ready = open_doors(); !ready) return wrong(ready.error().message);
    auto client = ProbeClient::start(dialled_);
    if (!client) return wrong(client.error().message);
    proof_.as_a_pod = client->as_a_pod();
    if (proof_.as_a_pod) {
      if (auto joined = join(client->process()); !joined) return wrong(joined.error().message);
    }
    client->begin();
    serve(client->report_fd());
    judge(client->report());
    if (proof_.as_a_pod) (void)netlink::remove_link(link_name());
    close_doors();
    return proof_;
  }

 private:
  Proof wrong(const std::string& what) {
    proof_.told = what;
    close_doors();
    return proof_;
  }

  Result<void> open_doors() {
    doors_ = steering_.open_probe(last_of(range_.range));
    if (!doors_) return std::unexpected(doors_.error());
    dialled_ = doors_->dialled;
    return {};
  }
  void close_doors() {
    if (doors_) steering_.close_probe(dialled_);
  }

  Result<void> join(pid_t process) const {
    const ProbeLink link = ProbeLink::of(range_.range.first.family);
    if (auto made = netlink::add_link_pair(link_name(), "eth0", process); !made) return made;
    auto addressed = netlink::add_address(link_name(), link.node, link.prefix);
    return addressed ? netlink::bring_up(link_name()) : addressed;
  }

  void serve(int report) {
    std::array<pollfd, 3> waiting{{{doors_->streams.get(), POLLIN, 0},
                                   {doors_->datagrams.get(), POLLIN, 0},
                                   {report, POLLIN, 0}}};
    while (::poll(waiting.data(), waiting.size(), kPatience) > 0 && waiting[2].revents == 0) {
      if (waiting[0].revents != 0) answer_connection();
      if (waiting[1].revents != 0) answer_datagram();
    }
  }

  void answer_connection() {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const Descriptor connection(
        ::accept(doors_->streams.get(), reinterpret_cast<sockaddr*>(&peer), &size));
    if (!(net::SocketAddress::local_of(connection.get()) == dialled_)) return;
    seen_ = {true, net::SocketAddress::of(peer).ip()};
    char byte = 0;
    pollfd one{connection.get(), POLLIN, 0};
    if (::poll(&one, 1, kPatience) == 1 && ::recv(connection.get(), &byte, 1, 0) == 1) {
      (void)!::send(connection.get(), &byte, 1, MSG_NOSIGNAL);
    }
  }

  void answer_datagram() {
    net::DatagramBatch batch;
    if (batch.receive(doors_->datagrams.get()).value_or(0) == 0) return;
    const net::SocketAddress to = batch.sender(0);
    batch.send(doors_->answers.get(), 0, 1, &to);
  }

  void judge(const ProbeReport& report) {
    const std::string dialled = dialled_.to_string();
    const std::string who = proof_.as_a_pod ? "a pod" : "this node";
    const std::string error = report.error == 0 ? "" : std::strerror(report.error);
    switch (report.step) {
      case Step::set_up:
        proof_.told = "the probe's network namespace could not be set up: " + error;
        return;
      case Step::connect:
        proof_.told = "a connection of " + who + " to " + dialled + " failed: " + error + hint();
        return;
      case Step::answer:
        proof_.told = "a connection of " + who + " to " + dialled +
                      " was taken by somebody else, "
                      "or cut: " +
                      error;
        return;
      case Step::datagram:
        proof_.told = "a datagram of " + who + " to " + dialled + " was not answered: " + error;
        return;
      case Step::done:
        break;
    }
    const std::string pod = ProbeLink::of(range_.range.first.family).pod.to_string();
    if (proof_.as_a_pod && seen_.peer != pod) {
      proof_.told = "connections of pods arrive from another address (" + seen_.peer + ", not " +
                    pod + "): something masquerades them, so that nobody's identity can be known";
      return;
    }
    proof_.holds = seen_.connection;
    if (!proof_.as_a_pod) proof_.told = "tried from the node alone: no namespace may be made here";
  }

  // What often stands in the way of a packet that nobody answers.
  std::string hint() const {
    if (range_.range.first.family == IpFamily::v6 || !proof_.as_a_pod) return {};
    return " (rp_filter of all: " + setting("all/rp_filter") +
           "; a firewall may drop what comes from new links)";
  }

  Steering& steering_;
  const RangeStatus& range_;
  Proof proof_;
  Result<Steering::ProbeDoors> doors_;
  net::SocketAddress dialled_;
  Seen seen_;
};

}  // namespace

std::vector<Proof> prove(Steering& steering) {
  std::vector<Proof> proofs;
  for (const RangeStatus& range : steering.status()) {
    if (range.how == RangeStatus::How::unavailable) continue;
    steering.privileged([&] { proofs.push_back(Probe(steering, range).run()); });
  }
  return proofs;
}

}  // namespace smic::steer
