// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/api/outbox.h"

using namespace smic::api;

TEST_CASE("pieces are taken in order, and counted until the next take") {
  int woken = 0;
  Outbox box(10, [&] { ++woken; });
  CHECK(box.write("abc"));
  CHECK(box.write(""));
  CHECK(box.write("de"));
  CHECK(woken == 2);
  CHECK(box.waiting() == 5);
  const auto batch = box.take();
  REQUIRE(batch.pieces.size() == 2);
  CHECK(*batch.pieces[0] + *batch.pieces[1] == "abcde");
  CHECK_FALSE(batch.ended);
  CHECK(box.waiting() == 5);
  CHECK(box.take().pieces.empty());
  CHECK(box.waiting() == 0);
}

TEST_CASE("a first piece may be larger than the limit, others may not go over it") {
  Outbox box(10, nullptr);
  CHECK(box.write(std::string(100, 'x')));
  CHECK_FALSE(box.write("y"));
  CHECK(box.gone());
  CHECK(box.take().cut);
  CHECK_FALSE(box.write("z"));
}

TEST_CASE("the end comes behind what was written, and nothing after it") {
  Outbox box(10, nullptr);
  box.write("a");
  box.end();
  CHECK_FALSE(box.write("b"));
  const auto batch = box.take();
  CHECK(batch.ended);
  CHECK(batch.pieces.size() == 1);
}

TEST_CASE("that the client is gone is told once; not if it heard the end") {
  int told = 0;
  Outbox cut(10, nullptr);
  cut.on_gone([&] { ++told; });
  cut.close(false);
  cut.close(false);
  CHECK(told == 1);
  cut.on_gone([&] { ++told; });
  CHECK(told == 2);

  Outbox heard(10, nullptr);
  heard.on_gone([&] { ++told; });
  heard.close(true);
  CHECK(told == 2);
}

TEST_CASE("a writer is told when the kernel has everything, and may write again then") {
  Outbox box(100, nullptr);
  int drained = 0;
  box.on_drained([&] {
    if (++drained == 1) box.write("next");
  });
  CHECK(box.take().pieces.empty());
  CHECK(drained == 0);
  box.write("a");
  CHECK(box.take().pieces.size() == 1);
  CHECK(drained == 0);
  CHECK(box.take().pieces.empty());  // "a" was sent meanwhile
  CHECK(drained == 1);
  CHECK(box.take().pieces.size() == 1);
  CHECK(box.take().pieces.empty());
  CHECK(drained == 2);
}
