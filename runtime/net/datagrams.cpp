// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/net/datagrams_test.cpp.
#include "runtime/net/datagrams.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/net/poller.h"

namespace smic::net {
namespace {

std::unexpected<Error> refuse(int fd, const std::string& what) {
  const std::string reason = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return fail(what + ": " + reason);
}

std::optional<SocketAddress> destination_of(msghdr& header) {
  for (cmsghdr* told = CMSG_FIRSTHDR(&header); told != nullptr; told = CMSG_NXTHDR(&header, told)) {
    const bool v4 = told->cmsg_level == SOL_IP && told->cmsg_type == IP_ORIGDSTADDR;
    const bool v6 = told->cmsg_level == SOL_IPV6 && told->cmsg_type == IPV6_ORIGDSTADDR;
    if (!v4 && !v6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, CMSG_DATA(told), v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    return SocketAddress::of(storage);
  }
  return std::nullopt;
}

int open_for(const SocketAddress& address) {
  return ::socket(address.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

}  // namespace

Result<int> receive_on(const SocketAddress& address, bool routed) {
  const int fd = open_for(address);
  const int on = 1;
  const bool ready = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
                     (!routed || address.allow_on(fd)) &&
                     ::bind(fd, address.data(), address.size()) == 0;
  if (!ready) return refuse(fd, "listen on " + address.to_string() + " (UDP)");
  return fd;
}

Result<int> datagrams_to(const SocketAddress& peer) {
  const int fd = open_for(peer);
  if (fd < 0 || ::connect(fd, peer.data(), peer.size()) != 0) {
    return refuse(fd, "open a socket to " + peer.to_string() + " (UDP)");
  }
  return fd;
}

struct DatagramBatch::Impl {
  std::unique_ptr<char[]> bytes{new char[kMost * kMaxDatagramBytes]};
  std::array<mmsghdr, kMost> messages{};
  std::array<iovec, kMost> pieces{};
  std::array<sockaddr_storage, kMost> senders{};
  struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(sizeof(sockaddr_in6))> bytes;
  };
  std::array<Control, kMost> controls{};

  char* at(std::size_t index) { return bytes.get() + index * kMaxDatagramBytes; }

  msghdr& prepare(std::size_t index, std::size_t size) {
    pieces[index] = {at(index), size};
    msghdr& header = messages[index].msg_hdr;
    header = {};
    header.msg_iov = &pieces[index];
    header.msg_iovlen = 1;
    return header;
  }
};

DatagramBatch::DatagramBatch() : impl_(std::make_unique<Impl>()) {}
DatagramBatch::~DatagramBatch() = default;

std::expected<std::size_t, int> DatagramBatch::receive(int fd) {
  count_ = 0;
  for (std::size_t i = 0; i < kMost; ++i) {
    msghdr& header = impl_->prepare(i, kMaxDatagramBytes);
    header.msg_name = &impl_->senders[i];
    header.msg_namelen = sizeof impl_->senders[i];
    header.msg_control = impl_->controls[i].bytes.data();
    header.msg_controllen = impl_->controls[i].bytes.size();
  }
  const int got = ::recvmmsg(fd, impl_->messages.data(), kMost, MSG_DONTWAIT, nullptr);
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
    return std::unexpected(errno);
  }
  count_ = static_cast<std::size_t>(got);
  for (std::size_t i = 0; i < count_; ++i) {
    sizes_[i] = impl_->messages[i].msg_len;
    senders_[i] = SocketAddress::of(impl_->senders[i]);
    destinations_[i] = destination_of(impl_->messages[i].msg_hdr);
  }
  return count_;
}

DatagramBatch::Sent DatagramBatch::send(int fd, std::size_t first, std::size_t last,
                                        const SocketAddress* to) {
  Sent sent;
  for (std::size_t i = first; i < last; ++i) {
    msghdr& header = impl_->prepare(i, sizes_[i]);
    if (to == nullptr) continue;
    header.msg_name = const_cast<sockaddr*>(to->data());
    header.msg_namelen = to->size();
  }
  while (first < last) {
    const int took = ::sendmmsg(fd, &impl_->messages[first], static_cast<unsigned>(last - first),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (took > 0) {
      for (int i = 0; i < took; ++i) sent.bytes += sizes_[first++];
      sent.datagrams += static_cast<std::size_t>(took);
    } else if (errno != EINTR) {
      sent.error = errno;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;  // the others would fare no better
      ++first;
    }
  }
  return sent;
}

struct DatagramSocket::Impl : Watched {
  Impl(Loop::Impl& owner, int descriptor, Ready told, void* with)
      : loop(owner), fd(descriptor), ready_function(told), context(with) {
    loop.add(fd, *this, EPOLLIN);
  }
  void ready(std::uint32_t) override {
    if (!orphan) ready_function(context);
  }

  Loop::Impl& loop;
  int fd;
  Ready ready_function;
  void* context;
  bool orphan = false;
};

DatagramSocket::DatagramSocket(Loop& loop, int fd, Ready ready, void* context)
    : impl_(new Impl(loop.impl(), fd, ready, context)) {}

DatagramSocket::~DatagramSocket() {
  impl_->orphan = true;
  ::close(impl_->fd);
  impl_->loop.bury(std::unique_ptr<Watched>(impl_));
}

int DatagramSocket::fd() const { return impl_->fd; }

}  // namespace smic::net
