// SPDX-License-Identifier: Apache-2.0
#include "tests/support/pod.h"

#include <sched.h>
#include <unistd.h>

#include <stdexcept>

#include "runtime/steer/netlink.h"

namespace smic::test {
namespace {

namespace netlink = steer::netlink;

void done(const Result<void>& result) {
  if (!result) throw std::runtime_error(result.error().message);
}

IpAddress parsed(const std::string& text) { return *IpAddress::parse(text); }

std::string v4(int number, int host) {
  return "10.99." + std::to_string(number) + "." + std::to_string(host);
}
std::string v6(int number, int host) {
  return "fd99:" + std::to_string(number) + "::" + std::to_string(host);
}

void set_up(const std::string& link, int number, int host) {
  done(netlink::add_address(link, parsed(v4(number, host)), 24));
  done(netlink::add_address(link, parsed(v6(number, host)), 64));
  done(netlink::bring_up(link));
}

}  // namespace

void become_a_node() {
  if (::unshare(CLONE_NEWNET) != 0) throw std::runtime_error("a network namespace needs root");
  done(netlink::bring_up("lo"));
}

Pod::Pod(int number) : number_(number), thread_(std::make_unique<steer::Steward>()) {
  const std::string link = "pod" + std::to_string(number);
  pid_t thread = 0;
  bool separate = false;
  run([&] {
    separate = ::unshare(CLONE_NEWNET) == 0;
    thread = ::gettid();
  });
  if (!separate) throw std::runtime_error("a network namespace needs root");
  done(netlink::add_link_pair(link, "eth0", thread));
  set_up(link, number, 1);
  run([&] {
    done(netlink::bring_up("lo"));
    set_up("eth0", number, 2);
    done(netlink::add_default_route("eth0", parsed(v4(number, 1))));
    done(netlink::add_default_route("eth0", parsed(v6(number, 1))));
  });
}

Pod::~Pod() { (void)netlink::remove_link("pod" + std::to_string(number_)); }

void Pod::run(const std::function<void()>& work) { thread_->run(work); }

std::string Pod::address() const { return v4(number_, 2); }
std::string Pod::address_v6() const { return v6(number_, 2); }

}  // namespace smic::test
