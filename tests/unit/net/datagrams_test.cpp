// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/datagrams.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

using namespace smic::net;

namespace {

SocketAddress loopback() { return SocketAddress::parse("127.0.0.1", 0).value(); }

// A receiver, and a sender that is connected to it.
struct Pair {
  int receiver = receive_on(loopback()).value();
  SocketAddress address = SocketAddress::local_of(receiver);
  int sender = datagrams_to(address).value();
  ~Pair() {
    ::close(receiver);
    ::close(sender);
  }
};

}  // namespace

TEST_CASE("a batch takes what is there, up to its size, and knows senders and sizes") {
  Pair pair;
  DatagramBatch batch;
  CHECK(batch.receive(pair.receiver) == 0u);
  for (std::size_t i = 0; i < DatagramBatch::kMost + 5; ++i) {
    const std::string datagram(i * 100, 'x');
    REQUIRE(::send(pair.sender, datagram.data(), datagram.size(), 0) >= 0);
  }
  CHECK(batch.receive(pair.receiver) == DatagramBatch::kMost);
  CHECK(batch.sender(0) == SocketAddress::local_of(pair.sender));
  CHECK(batch.receive(pair.receiver) == 5u);
}

TEST_CASE("a part of a batch is sent on, to a peer or to anybody, byte for byte") {
  Pair in, out;
  DatagramBatch batch, received;
  for (const std::string text : {"first", "", "third", "fourth"}) {
    REQUIRE(::send(in.sender, text.data(), text.size(), 0) >= 0);
  }
  REQUIRE(batch.receive(in.receiver) == 4u);
  const auto sent = batch.send(out.sender, 1, 4);
  CHECK(sent.datagrams == 3);
  CHECK(sent.bytes == 11);
  CHECK(sent.error == 0);
  REQUIRE(received.receive(out.receiver) == 3u);
  const auto back = received.send(out.receiver, 2, 3, &in.address);
  CHECK(back.datagrams == 1);
  char text[16];
  REQUIRE(::recv(in.receiver, text, sizeof text, MSG_DONTWAIT) == 6);
  CHECK(std::string(text, 6) == "fourth");
}

TEST_CASE("that nobody listens is an error of the next receive, and sending goes on after it") {
  Pair pair;
  ::close(pair.receiver);
  DatagramBatch batch;
  REQUIRE(::send(pair.sender, "x", 1, 0) == 1);
  const auto answer = batch.receive(pair.sender);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error() == ECONNREFUSED);
  CHECK(batch.receive(pair.sender) == 0u);
  pair.receiver = receive_on(pair.address).value();
  REQUIRE(::send(pair.sender, "y", 1, 0) == 1);
  CHECK(batch.receive(pair.receiver) == 1u);
}

TEST_CASE("a watched socket is told of again until it is empty, and may go while it is told") {
  Loop loop;
  Pair pair;
  struct Reader {
    Reader(Loop& on, int fd)
        : loop(on),
          socket(std::make_unique<DatagramSocket>(
              on, fd,
              [](void* self) {
                auto& reader = *static_cast<Reader*>(self);
                char byte;
                if (::recv(reader.socket->fd(), &byte, 1, MSG_DONTWAIT) == 1) {
                  if (++reader.read < 3) return;
                }
                reader.socket.reset();
                reader.loop.stop();
              },
              this)) {}
    Loop& loop;
    int read = 0;
    std::unique_ptr<DatagramSocket> socket;
  } reader(loop, ::dup(pair.receiver));
  for (int i = 0; i < 3; ++i) REQUIRE(::send(pair.sender, "x", 1, 0) == 1);
  loop.run();
  CHECK(reader.read == 3);
}
