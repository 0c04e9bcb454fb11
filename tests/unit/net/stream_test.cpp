// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/stream.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/net/buffer.h"
#include "runtime/net/listeners.h"
#include "runtime/net/task.h"

using namespace smic::net;

namespace {

// Two ends of one TCP connection: one on the loop, one plain and blocking.
struct Pair {
  explicit Pair(Loop& loop) {
    const int listener = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
    const SocketAddress address = SocketAddress::local_of(listener);
    plain = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::connect(plain, address.data(), address.size()) == 0);
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    REQUIRE(fd >= 0);
    ::close(listener);
    stream = std::make_unique<Stream>(loop, fd);
  }
  ~Pair() { ::close(plain); }
  std::unique_ptr<Stream> stream;
  int plain = -1;
};

Task<> echo_until_end(Stream& stream, Loop& loop, std::size_t& bytes) {
  Buffer buffer;
  for (;;) {
    const IoResult got = co_await stream.read(buffer.room());
    if (got.status != IoStatus::ok) break;
    buffer.commit(got.size);
    std::array<iovec, 2> pieces{piece(""), piece(buffer.bytes())};
    if (co_await stream.write(pieces) != IoStatus::ok) break;
    bytes += buffer.size();
    buffer.consume(buffer.size());
  }
  stream.finish_writing();
  loop.stop();
}

Task<> read_once(Stream& stream, Loop& loop, IoResult& result) {
  std::array<char, 16> bytes;
  result = co_await stream.read(bytes);
  loop.stop();
}

Task<> count_to(int n, int& counted) {
  for (int i = 0; i < n; ++i) {
    int nothing = 0;
    if (i + 1 < n) co_await count_to(1, nothing);
    ++counted;
  }
}

Task<> join_one(Joined& beside, bool& joined) {
  co_await beside.join();
  joined = true;
}

}  // namespace

TEST_CASE("a stream echoes many megabytes through full socket buffers, with half-close") {
  Loop loop;
  Pair pair(loop);
  std::size_t bytes = 0;
  constexpr std::size_t kTotal = 8 * 1024 * 1024;
  std::size_t received = 0;
  std::thread sender([&] {
    const std::string block(64 * 1024, 'x');
    for (std::size_t sent = 0; sent < kTotal; sent += block.size()) {
      REQUIRE(::send(pair.plain, block.data(), block.size(), 0) ==
              static_cast<ssize_t>(block.size()));
    }
    ::shutdown(pair.plain, SHUT_WR);
  });
  std::thread receiver([&] {
    std::vector<char> block(64 * 1024);
    for (ssize_t got; (got = ::read(pair.plain, block.data(), block.size())) > 0;) {
      received += static_cast<std::size_t>(got);
    }
  });
  spawn(echo_until_end(*pair.stream, loop, bytes));
  loop.run();
  sender.join();
  receiver.join();
  CHECK(bytes == kTotal);
  CHECK(received == kTotal);
}

TEST_CASE("cancel ends a read under way, abort also those to come") {
  Loop loop;
  Pair pair(loop);
  IoResult result;
  loop.post([&] { pair.stream->cancel(); });
  spawn(read_once(*pair.stream, loop, result));
  loop.run();
  CHECK(result.status == IoStatus::cancelled);
  pair.stream->abort();
  result = {};
  spawn(read_once(*pair.stream, loop, result));
  CHECK(result.status == IoStatus::cancelled);
}

TEST_CASE("a read that nobody awaits tells its owner, and its result waits") {
  Loop loop;
  Pair pair(loop);
  std::array<char, 16> bytes;
  pair.stream->when_unawaited([](void* context) { static_cast<Loop*>(context)->stop(); }, &loop);
  pair.stream->start_read(bytes);
  ::close(std::exchange(pair.plain, -1));
  loop.run();
  CHECK(pair.stream->read_completed());
  IoResult result;
  spawn([](Stream& stream, IoResult& out) -> Task<> { out = co_await stream.read_result(); }(
                                              *pair.stream, result));
  CHECK(result.status == IoStatus::end);
}

TEST_CASE("an empty read waits for something to read, and takes nothing") {
  Loop loop;
  Pair pair(loop);
  IoResult waited, got;
  std::array<char, 16> bytes;
  loop.post([&] { CHECK(::write(pair.plain, "abc", 3) == 3); });
  spawn([](Stream& stream, Loop& on, std::span<char> into, IoResult& first,
           IoResult& second) -> Task<> {
    first = co_await stream.read({});
    second = co_await stream.read(into);
    on.stop();
  }(*pair.stream, loop, bytes, waited, got));
  loop.run();
  CHECK(waited.status == IoStatus::ok);
  CHECK(waited.size == 0);
  CHECK(got.size == 3);
  pair.stream->start_read({});  // there is nothing now, and the stream knows
  CHECK_FALSE(pair.stream->read_completed());
}

TEST_CASE("the end is seen when it comes together with the last bytes") {
  Loop loop;
  Pair pair(loop);
  CHECK(::write(pair.plain, "abc", 3) == 3);
  ::shutdown(pair.plain, SHUT_WR);
  std::size_t bytes = 0;
  spawn(echo_until_end(*pair.stream, loop, bytes));
  loop.run();
  CHECK(bytes == 3);
}

TEST_CASE("a stream may go while a read is under way") {
  Loop loop;
  Pair pair(loop);
  std::array<char, 16> bytes;
  pair.stream->start_read(bytes);
  pair.stream.reset();
  loop.post([&] { loop.stop(); });
  loop.run();
}

TEST_CASE("connecting to a port nobody listens on fails with the reason") {
  Loop loop;
  const int probe = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
  const SocketAddress address = SocketAddress::local_of(probe);
  ::close(probe);
  const auto fd = Stream::begin_connect(address);
  std::string reason = fd ? "" : fd.error().message;
  if (fd) {
    Stream stream(loop, *fd);
    spawn([](Stream& connecting, Loop& on, std::string& out) -> Task<> {
      co_await connecting.writable();
      out = connecting.connected().error().message;
      on.stop();
    }(stream, loop, reason));
    loop.run();
  }
  CHECK(reason == "Connection refused");
}

TEST_CASE("tasks run nested and beside each other") {
  int counted = 0;
  spawn(count_to(100'000, counted));
  CHECK(counted == 100'000);
  Joined beside(count_to(10, counted));
  bool joined = false;
  spawn(join_one(beside, joined));
  CHECK(joined);
  CHECK(beside.done());
}
