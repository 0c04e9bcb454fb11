// SPDX-License-Identifier: Apache-2.0
// The client is forked, since only a process of one thread may have a user namespace of its own,
// which is how a network namespace is had without SYS_ADMIN. It ends when we do.
#include "runtime/steer/probe_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "runtime/steer/netlink.h"

namespace smic::steer {
namespace {

using Step = ProbeReport::Step;
constexpr int kPatience = 2000;  // milliseconds

bool own_network() {
  return ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

bool set_up(IpFamily family) {
  const ProbeLink link = ProbeLink::of(family);
  return netlink::bring_up("lo") && netlink::add_address("eth0", link.pod, link.prefix) &&
         netlink::bring_up("eth0") && netlink::add_default_route("eth0", link.node);
}

bool wait_for(int fd, short events) {
  pollfd one{fd, events, 0};
  if (::poll(&one, 1, kPatience) == 1) return true;
  errno = ETIMEDOUT;
  return false;
}

// Sends a byte and waits for one. Where it failed.
std::optional<Step> exchange(int fd, Step step) {
  char byte = 'p';
  if (::send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || !wait_for(fd, POLLIN)) return step;
  if (::recv(fd, &byte, 1, 0) == 1) return std::nullopt;
  if (errno == 0) errno = ECONNRESET;
  return step;
}

std::optional<Step> connect_and_ask(const net::SocketAddress& to) {
  const Descriptor socket(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK, 0));
  if (::connect(socket.get(), to.data(), to.size()) != 0) {
    if (errno != EINPROGRESS || !wait_for(socket.get(), POLLOUT)) return Step::connect;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error != 0) return Step::connect;
  }
  return exchange(socket.get(), Step::answer);
}

bool bind_to(int socket, const IpAddress& address) {
  const auto from = net::SocketAddress::parse(address.to_string(), 0);
  return from && ::bind(socket, from->data(), from->size()) == 0;
}

// As pods that may have raw sockets, or addresses of their own choice, can.
void forge(const net::SocketAddress& to) {
  const IpFamily family = to.family() == AF_INET6 ? IpFamily::v6 : IpFamily::v4;
  const IpAddress source = ProbeLink::of(family).forged;
  const Descriptor socket(::socket(to.family(), SOCK_DGRAM | SOCK_NONBLOCK, 0));
  if (!netlink::add_address("eth0", source, static_cast<std::uint8_t>(source.bits()))) return;
  if (!bind_to(socket.get(), source)) return;
  (void)!::sendto(socket.get(), "f", 1, MSG_NOSIGNAL, to.data(), to.size());
}

std::optional<Step> send_and_receive(const net::SocketAddress& to, bool as_a_pod) {
  const IpFamily family = to.family() == AF_INET6 ? IpFamily::v6 : IpFamily::v4;
  const Descriptor socket(::socket(to.family(), SOCK_DGRAM | SOCK_NONBLOCK, 0));
  // The link may have two addresses by now.
  if (as_a_pod && !bind_to(socket.get(), ProbeLink::of(family).pod)) return Step::datagram;
  if (::connect(socket.get(), to.data(), to.size()) != 0) return Step::datagram;
  return exchange(socket.get(), Step::datagram);
}

ProbeReport probe(const net::SocketAddress& to, bool as_a_pod) {
  errno = 0;
  const IpFamily family = to.family() == AF_INET6 ? IpFamily::v6 : IpFamily::v4;
  if (as_a_pod && !set_up(family)) return {Step::set_up, errno};
  if (const auto failed = connect_and_ask(to)) return {*failed, errno};
  if (as_a_pod) forge(to);  // what is answered next was sent behind it
  if (const auto failed = send_and_receive(to, as_a_pod)) return {*failed, errno};
  return {Step::done, 0};
}

void live(const net::SocketAddress& to, int orders, int reports) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char as_a_pod = own_network() ? 1 : 0;
  char begin = 0;
  if (::write(reports, &as_a_pod, 1) != 1 || ::read(orders, &begin, 1) != 1) return;
  const ProbeReport report = probe(to, as_a_pod != 0);
  (void)!::write(reports, &report, sizeof report);
}

}  // namespace

ProbeLink ProbeLink::of(IpFamily family) {
  if (family == IpFamily::v4) {
    return {*IpAddress::parse("192.0.2.1"), *IpAddress::parse("192.0.2.2"), 30,
            *IpAddress::parse("198.51.100.77")};
  }
  return {*IpAddress::parse("2001:db8:736d:6963::1"), *IpAddress::parse("2001:db8:736d:6963::2"),
          126, *IpAddress::parse("2001:db8:736d:6964::77")};
}

Result<ProbeClient> ProbeClient::start(const net::SocketAddress& dialled) {
  std::array<int, 2> orders{}, reports{};
  if (::pipe2(orders.data(), O_CLOEXEC) != 0 || ::pipe2(reports.data(), O_CLOEXEC) != 0) {
    return fail(std::string("start a probe: ") + std::strerror(errno));
  }
  ProbeClient client;
  client.orders_ = Descriptor(orders[1]);
  client.reports_ = Descriptor(reports[0]);
  const Descriptor their_orders(orders[0]), their_reports(reports[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail(std::string("start a probe: ") + std::strerror(errno));
  if (child == 0) {
    live(dialled, orders[0], reports[1]);
    ::_exit(0);
  }
  client.process_.pid = child;
  char as_a_pod = 0;
  if (::read(reports[0], &as_a_pod, 1) != 1) return fail("start a probe: it ended");
  client.as_a_pod_ = as_a_pod != 0;
  return client;
}

ProbeClient::~ProbeClient() {
  if (process_.pid < 0) return;
  ::kill(process_.pid, SIGKILL);
  ::waitpid(process_.pid, nullptr, 0);
}

void ProbeClient::begin() { (void)!::write(orders_.get(), "b", 1); }

ProbeReport ProbeClient::report() const {
  ProbeReport report{ProbeReport::Step::set_up, ECONNABORTED};
  (void)!::read(reports_.get(), &report, sizeof report);
  return report;
}

}  // namespace smic::steer
