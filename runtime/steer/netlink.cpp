// SPDX-License-Identifier: Apache-2.0
// Messages are built in place; a socket per request, since there are a handful in a proxy's life.
// Tested by tests/unit/steer/netlink_test.cpp.
#include "runtime/steer/netlink.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <span>

#include "runtime/steer/descriptor.h"

namespace smic::steer::netlink {
namespace {

constexpr std::size_t kAnswerBytes = 32 * 1024;
constexpr const char* kLoopback = "lo";

std::uint8_t family_of(const IpAddress& address) {
  return address.family == IpFamily::v4 ? AF_INET : AF_INET6;
}

class Message {
 public:
  template <class Header>
  Message(std::uint16_t type, unsigned flags, const Header& header) : bytes_(NLMSG_HDRLEN) {
    auto& head = *reinterpret_cast<nlmsghdr*>(bytes_.data());
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    append(&header, sizeof header);
  }

  void attribute(std::uint16_t type, const void* data, std::size_t size) {
    const std::size_t start = open(type);
    append(data, size);
    close(start);
  }
  void attribute(std::uint16_t type, std::uint32_t number) {
    attribute(type, &number, sizeof number);
  }
  void attribute(std::uint16_t type, const std::string& text) {
    attribute(type, text.c_str(), text.size() + 1);
  }
  void attribute(std::uint16_t type, const IpAddress& address) {
    attribute(type, address.bytes.data(), address.bits() / 8);
  }

  // What is written until close() is inside.
  std::size_t open(std::uint16_t type) {
    const rtattr head{0, type};
    const std::size_t start = bytes_.size();
    append(&head, sizeof head);
    return start;
  }
  void close(std::size_t start) {
    const std::size_t size = bytes_.size() - start;
    std::memcpy(bytes_.data() + start, std::array{static_cast<std::uint16_t>(size)}.data(), 2);
    bytes_.resize(bytes_.size() + (RTA_ALIGN(size) - size));
  }
  void append(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
  }

  std::span<const std::byte> finish() {
    reinterpret_cast<nlmsghdr*>(bytes_.data())->nlmsg_len =
        static_cast<std::uint32_t>(bytes_.size());
    return bytes_;
  }

 private:
  std::vector<std::byte> bytes_;
};

std::unexpected<Error> failed(const std::string& what, int error) {
  return fail(what + ": " + std::strerror(error));
}

// Sends, and reads answers until the last one: 0 or an errno.
int ask(Message& message, const std::function<void(const nlmsghdr&)>& told) {
  const Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const auto bytes = message.finish();
  if (::send(socket.get(), bytes.data(), bytes.size(), 0) < 0) return errno;
  std::vector<std::byte> answer(kAnswerBytes);
  for (;;) {
    const ssize_t got = ::recv(socket.get(), answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 ? errno : EPIPE;
    auto left = static_cast<std::uint32_t>(got);
    for (auto* head = reinterpret_cast<nlmsghdr*>(answer.data()); NLMSG_OK(head, left);
         head = NLMSG_NEXT(head, left)) {
      if (head->nlmsg_type == NLMSG_DONE) return 0;
      if (head->nlmsg_type == NLMSG_ERROR) {
        return -static_cast<const nlmsgerr*>(NLMSG_DATA(head))->error;
      }
      told(*head);
    }
  }
}

Result<void> request(Message message, const std::string& what, int no_mistake = 0) {
  const int error = ask(message, [](const nlmsghdr&) {});
  if (error != 0 && error != no_mistake) return failed(what, error);
  return {};
}

Result<std::uint32_t> index_of(const std::string& link) {
  const unsigned index = if_nametoindex(link.c_str());
  if (index == 0) return failed("link " + link, errno);
  return index;
}

Result<Message> local_route(std::uint16_t type, unsigned flags, const LocalRoute& route) {
  const auto loopback = index_of(kLoopback);
  if (!loopback) return std::unexpected(loopback.error());
  rtmsg header{};
  header.rtm_family = family_of(route.range.first);
  header.rtm_dst_len = static_cast<std::uint8_t>(route.range.prefix);
  header.rtm_table = RT_TABLE_LOCAL;
  header.rtm_protocol = kOurs;
  header.rtm_scope = RT_SCOPE_HOST;
  header.rtm_type = RTN_LOCAL;
  Message message(type, flags | NLM_F_ACK, header);
  message.attribute(RTA_DST, route.range.first);
  message.attribute(RTA_OIF, *loopback);
  message.attribute(RTA_PRIORITY, route.metric);
  return message;
}

std::string told_as(const LocalRoute& route) {
  return "route local " + route.range.to_string() + " dev lo";
}

void read_route(const nlmsghdr& head, std::vector<LocalRoute>& into) {
  const auto& route = *static_cast<const rtmsg*>(NLMSG_DATA(&head));
  const bool known_family = route.rtm_family == AF_INET || route.rtm_family == AF_INET6;
  if (head.nlmsg_type != RTM_NEWROUTE || route.rtm_protocol != kOurs || !known_family ||
      route.rtm_table != RT_TABLE_LOCAL || route.rtm_type != RTN_LOCAL) {
    return;
  }
  LocalRoute found;
  found.range.first.family = route.rtm_family == AF_INET ? IpFamily::v4 : IpFamily::v6;
  found.range.prefix = route.rtm_dst_len;
  auto left = static_cast<int>(RTM_PAYLOAD(&head));
  for (const rtattr* each = RTM_RTA(&route); RTA_OK(each, left); each = RTA_NEXT(each, left)) {
    const std::size_t size = RTA_PAYLOAD(each);
    if (each->rta_type == RTA_DST && size == found.range.first.bits() / 8) {
      std::memcpy(found.range.first.bytes.data(), RTA_DATA(each), size);
    } else if (each->rta_type == RTA_PRIORITY && size == sizeof found.metric) {
      std::memcpy(&found.metric, RTA_DATA(each), size);
    }
  }
  into.push_back(found);
}

}  // namespace

Result<void> add(const LocalRoute& route) {
  auto message = local_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  if (!message) return std::unexpected(message.error());
  return request(std::move(*message), "add " + told_as(route), EEXIST);
}

Result<void> remove(const LocalRoute& route) {
  auto message = local_route(RTM_DELROUTE, 0, route);
  if (!message) return std::unexpected(message.error());
  return request(std::move(*message), "remove " + told_as(route), ESRCH);
}

Result<std::vector<LocalRoute>> ours() {
  std::vector<LocalRoute> routes;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    rtmsg header{};
    header.rtm_family = family;
    header.rtm_table = RT_TABLE_LOCAL;
    Message message(RTM_GETROUTE, NLM_F_DUMP, header);
    const int error = ask(message, [&](const nlmsghdr& head) { read_route(head, routes); });
    if (error != 0 && family == AF_INET) return failed("list routes", error);
  }
  return routes;
}

Result<void> add_link_pair(const std::string& here, const std::string& peer, pid_t process) {
  Message message(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  message.attribute(IFLA_IFNAME, here);
  const std::size_t info = message.open(IFLA_LINKINFO);
  message.attribute(IFLA_INFO_KIND, std::string("veth"));
  const std::size_t data = message.open(IFLA_INFO_DATA);
  const std::size_t other = message.open(VETH_INFO_PEER);
  const ifinfomsg header{};
  message.append(&header, sizeof header);
  message.attribute(IFLA_IFNAME, peer);
  message.attribute(IFLA_NET_NS_PID, static_cast<std::uint32_t>(process));
  message.close(other);
  message.close(data);
  message.close(info);
  return request(std::move(message), "make a pair of links");
}

Result<void> remove_link(const std::string& name) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(*index);
  return request(Message(RTM_DELLINK, NLM_F_ACK, header), "remove link " + name);
}

Result<void> bring_up(const std::string& link) {
  const auto index = index_of(link);
  if (!index) return std::unexpected(index.error());
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(*index);
  header.ifi_flags = header.ifi_change = IFF_UP;
  return request(Message(RTM_NEWLINK, NLM_F_ACK, header), "bring up link " + link);
}

Result<void> add_address(const std::string& link, const IpAddress& address, std::uint8_t prefix) {
  const auto index = index_of(link);
  if (!index) return std::unexpected(index.error());
  ifaddrmsg header{};
  header.ifa_family = family_of(address);
  header.ifa_prefixlen = prefix;
  header.ifa_flags = IFA_F_NODAD;
  header.ifa_index = *index;
  Message message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header);
  message.attribute(IFA_LOCAL, address);
  message.attribute(IFA_ADDRESS, address);
  return request(std::move(message), "add address " + address.to_string());
}

Result<void> add_default_route(const std::string& link, const IpAddress& gateway) {
  const auto index = index_of(link);
  if (!index) return std::unexpected(index.error());
  rtmsg header{};
  header.rtm_family = family_of(gateway);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  Message message(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header);
  message.attribute(RTA_GATEWAY, gateway);
  message.attribute(RTA_OIF, *index);
  return request(std::move(message), "add default route by " + gateway.to_string());
}

}  // namespace smic::steer::netlink
