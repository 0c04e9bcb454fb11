// SPDX-License-Identifier: Apache-2.0
// Tested by server_test.cpp.
#include "runtime/dns/udp.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace smic::dns {
namespace {

constexpr int kDatagramsPerTurn = 64;
// A longer query is cut by the kernel, and so malformed. None of sense comes near.
constexpr std::size_t kLargestQuery = 4096;

// The control data of a received datagram name the address it was sent to, and those of a sent one
// choose its source.
bool ask_for_destination(int fd, int family) {
  const int on = 1;
  return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0
                            : setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0;
}

// What was received says also by which interface. The way back is the routing table's to choose.
void forget_interface(msghdr& message) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      info.ipi_ifindex = 0;
      info.ipi_spec_dst = info.ipi_addr;
      std::memcpy(CMSG_DATA(each), &info, sizeof info);
    }
  }
}

}  // namespace

Result<int> bind_udp(const net::SocketAddress& address) {
  const auto socket = net::receive_on(address);
  if (!socket || ask_for_destination(*socket, address.family())) return socket;
  const std::string reason = std::strerror(errno);
  ::close(*socket);
  return fail("listen on " + address.to_string() + " (UDP): " + reason);
}

void send_answer(int socket, Asker asker, std::string_view answer) {
  iovec piece{const_cast<char*>(answer.data()), answer.size()};
  msghdr message{&asker.peer,          sizeof asker.peer,  &piece, 1,
                 asker.control.data(), asker.control_size, 0};
  forget_interface(message);
  ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);  // what is lost is asked again
}

void answer_datagrams(int socket, const AnswerDatagram& answer) {
  std::array<char, kLargestQuery> query;
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    Asker asker;
    iovec piece{query.data(), query.size()};
    msghdr message{&asker.peer,          sizeof asker.peer,    &piece, 1,
                   asker.control.data(), asker.control.size(), 0};
    const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (size < 0) continue;  // an ICMP answer to an earlier datagram
    asker.control_size = message.msg_controllen;
    const std::string reply = answer({query.data(), static_cast<std::size_t>(size)}, asker);
    if (!reply.empty()) send_answer(socket, asker, reply);
  }
}

}  // namespace smic::dns
