// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/address.h"

#include <catch2/catch.hpp>

using smic::net::SocketAddress;

TEST_CASE("an address with port reads and prints the same") {
  for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535"}) {
    const auto address = SocketAddress::parse(text);
    REQUIRE(address.has_value());
    CHECK(address->to_string() == text);
  }
}

TEST_CASE("what is not an address with port is refused with the reason") {
  for (const char* text : {"", "127.0.0.1", "localhost:80", "127.0.0.1:70000", "127.0.0.1:8x"}) {
    INFO(text);
    CHECK_FALSE(SocketAddress::parse(text).has_value());
  }
  CHECK(SocketAddress::parse("web:80").error().message == "`web` is not an IP address");
}

TEST_CASE("addresses are equal when family, address and port are") {
  const auto a = SocketAddress::parse("127.0.0.1", 80).value();
  CHECK(a == SocketAddress::parse("127.0.0.1", 80).value());
  CHECK(a.hash() == SocketAddress::parse("127.0.0.1", 80)->hash());
  CHECK_FALSE(a == SocketAddress::parse("127.0.0.1", 81).value());
  CHECK_FALSE(a == SocketAddress::parse("127.0.0.2", 80).value());
  CHECK_FALSE(a == SocketAddress::parse("::1", 80).value());
}

TEST_CASE("an IPv4 address mapped into IPv6 is shown as IPv4") {
  CHECK(SocketAddress::parse("::ffff:10.0.0.7", 80)->ip() == "10.0.0.7");
}
