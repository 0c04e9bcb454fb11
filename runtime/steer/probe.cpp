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
#include <optional>

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
  std::vector<std::string> forged;  // sources that are not the pod's
};

class Probe {
 public:
  Probe(Steering& steering, const RangeStatus& range)
      : steering_(steering), range_(range), proof_{range.range} {}

  // Privileged. False: it is judged already.
  bool begin() {
    if (auto ready = open_doors(); !ready) return wrong(ready.error().message);
    auto client = ProbeClient::start(dialled_);
    if (!client) return wrong(client.error().message);
    client_.emplace(std::move(*client));
    proof_.as_a_pod = client_->as_a_pod();
    if (proof_.as_a_pod) {
      if (auto joined = join(client_->process()); !joined) return wrong(joined.error().message);
    }
    client_->begin();
    return true;
  }

  // False: stopped.
  bool serve(int stop) {
    std::array<pollfd, 4> waiting{{{doors_->streams.get(), POLLIN, 0},
                                   {doors_->datagrams.get(), POLLIN, 0},
                                   {client_->report_fd(), POLLIN, 0},
                                   {stop, POLLIN, 0}}};
    while (::poll(waiting.data(), waiting.size(), kPatience) > 0 && waiting[2].revents == 0) {
      if (waiting[3].revents != 0) return false;
      if (waiting[0].revents != 0) answer_connection();
      if (waiting[1].revents != 0) answer_datagrams();
    }
    judge(client_->report());
    return true;
  }

  // Privileged.
  void end() {
    if (proof_.as_a_pod) (void)netlink::remove_link(link_name());
    client_.reset();
    close_doors();
  }

  const Proof& proof() const { return proof_; }

 private:
  bool wrong(const std::string& what) {
    proof_.told = what;
    return false;
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

  void answer_datagrams() {
    net::DatagramBatch batch;
    const std::size_t count = batch.receive(doors_->datagrams.get()).value_or(0);
    for (std::size_t i = 0; i < count; ++i) {
      const net::SocketAddress from = batch.sender(i);
      if (proof_.as_a_pod && from.ip() != pod()) {
        seen_.forged.push_back(from.ip());
      } else {
        batch.send(doors_->answers.get(), i, i + 1, &from);
      }
    }
  }

  std::string pod() const { return ProbeLink::of(range_.range.first.family).pod.to_string(); }

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
    if (proof_.as_a_pod && seen_.peer != pod()) {
      proof_.told = "connections of pods arrive from another address (" + seen_.peer + ", not " +
                    pod() + "): something masquerades them, so that nobody's identity can be known";
      return;
    }
    proof_.holds = seen_.connection;
    if (!seen_.forged.empty()) proof_.forged = forged();
    if (!proof_.as_a_pod) proof_.told = "tried from the node alone: no namespace may be made here";
  }

  std::string forged() const {
    std::string text =
        "a pod can send datagrams in the name of another one: the node took some from ";
    for (const std::string& each : seen_.forged) {
      text += (&each == &seen_.forged.front() ? "" : " and ") + each;
    }
    if (range_.range.first.family == IpFamily::v6) {
      return text + ", which IPv6 needs a firewall to prevent";
    }
    return text + " (rp_filter of all: " + setting("all/rp_filter") +
           ", of new links: " + setting("default/rp_filter") + "; 1 prevents it)";
  }

  // What often stands in the way of a packet that nobody answers.
  std::string hint() const {
    if (range_.range.first.family == IpFamily::v6 || !proof_.as_a_pod) return {};
    return " (rp_filter of all: " + setting("all/rp_filter") +
           "; a firewall may drop what comes from new links)";
  }

  Steering& steering_;
  const RangeStatus range_;
  Proof proof_;
  std::optional<ProbeClient> client_;
  Result<Steering::ProbeDoors> doors_;
  net::SocketAddress dialled_;
  Seen seen_;
};

}  // namespace

std::vector<Proof> prove(Steering& steering, const Exclusively& exclusively, int stop) {
  std::vector<Proof> proofs;
  const auto privileged = [&](const std::function<void()>& work) {
    exclusively([&] { steering.privileged(work); });
  };
  for (const RangeStatus& range : steering.status()) {
    if (range.how == RangeStatus::How::unavailable) continue;
    Probe probe(steering, range);
    bool begun = false, judged = true;
    privileged([&] { begun = probe.begin(); });
    if (begun) judged = probe.serve(stop);
    privileged([&] { probe.end(); });
    if (!judged) break;
    proofs.push_back(probe.proof());
  }
  return proofs;
}

std::vector<Proof> prove(Steering& steering) {
  return prove(steering, [](const std::function<void()>& work) { work(); });
}

}  // namespace smic::steer
