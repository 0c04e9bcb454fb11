// SPDX-License-Identifier: Apache-2.0
// Path programs as code against the kernel on the same tables. Every path lies once right before
// and once right behind memory that may not be touched, so a read outside it is a crash.
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "compiler/codegen/code_shape.h"
#include "contract/kernel.h"
#include "runtime/program/program.h"
#include "tests/support/decisions.h"

using namespace smic;

namespace {

class Fenced {
 public:
  Fenced() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    begin_ =
        static_cast<char*>(mmap(nullptr, 3 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(begin_ != MAP_FAILED);
    REQUIRE(mprotect(begin_ + page_, page_, PROT_READ | PROT_WRITE) == 0);
  }
  ~Fenced() { munmap(begin_, 3 * page_); }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;

  contract::Slice first(const std::string& text) { return put(begin_ + page_, text); }
  contract::Slice last(const std::string& text) {
    return put(begin_ + 2 * page_ - text.size(), text);
  }

 private:
  static contract::Slice put(char* at, const std::string& text) {
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  std::size_t page_;
  char* begin_ = nullptr;
};

// A unit whose route i is taken for pattern i; the last for none.
std::string unit_of(const std::vector<std::string>& patterns) {
  std::string matches, routes;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const std::string id = std::to_string(i);
    matches += "  match m" + id + " = path ~ \"" + patterns[i] + "\"\n";
    routes += "  route r" + id + " when m" + id + " -> a/b" + id + ":1\n";
  }
  return "unit a/b:1 http permissive\n" + matches + routes + "  route rest -> a/b:1\n" +
         "  allow to any from any\n";
}

class Judged {
 public:
  explicit Judged(const std::string& unit) : decision_(test::decide(unit)) {
    REQUIRE(codegen::read_code_shape(decision_).match);
    const auto image = codegen::emit_image(decision_, codegen::targets()[0]);
    REQUIRE(image);
    const auto program = program::load(*image, program::Engine::native);
    REQUIRE(program);
    program_ = *program;
  }

  // The route that both engines say.
  std::uint32_t route(const std::string& path) {
    const std::uint32_t route = agree(fenced_.last(path));
    CHECK(agree(fenced_.first(path)) == route);
    return route;
  }

 private:
  std::uint32_t agree(contract::Slice path) {
    const contract::RequestView view{path, nullptr, 1, 0};
    contract::Verdict native, portable;
    program_->match(view, native);
    contract::smic_kernel_match(decision_.tables.data(), &view, &portable);
    INFO("path of " << path.size << " bytes: " << std::string(path.data, path.size));
    CHECK(std::memcmp(&native, &portable, sizeof native) == 0);
    return native.route;
  }

  decision::Decision decision_;
  std::shared_ptr<const program::Program> program_;
  Fenced fenced_;
};

}  // namespace

TEST_CASE("text of every length is matched whole, and no part of it", "[codegen]") {
  const std::string alphabet = "/abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz-";
  for (std::size_t size = 1; size <= alphabet.size(); ++size) {
    const std::string text = alphabet.substr(0, size);
    Judged judged(unit_of({text + "$"}));
    CHECK(judged.route(text) == 0);
    CHECK(judged.route(text + "x") == 1);
    for (std::size_t cut = 0; cut < size; ++cut) {
      CHECK(judged.route(text.substr(0, cut)) == 1);
      std::string other = text;
      other[cut] ^= 1;
      CHECK(judged.route(other) == 1);
    }
  }
}

TEST_CASE("a path that ends within a text has what was matched before", "[codegen]") {
  Judged judged(unit_of({"/users/me/settings$", "/users/[^/]+$", "/us.*"}));
  CHECK(judged.route("/users/me/settings") == 0);
  CHECK(judged.route("/users/me") == 1);
  CHECK(judged.route("/users/m") == 1);
  CHECK(judged.route("/users/mx") == 1);
  CHECK(judged.route("/users/me/") == 2);
  CHECK(judged.route("/us") == 2);
  CHECK(judged.route("/u") == 3);
  CHECK(judged.route("") == 3);
}

TEST_CASE("spans of every length end where their class ends", "[codegen]") {
  Judged any(unit_of({"/[a-z0-9-]+/x$", "/.*z$"}));
  Judged part(unit_of({"/[a-z0-9-]+/x$", "/[^/]+/y$"}));
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string slug = "/" + std::string(size, 'k');
    CHECK(any.route(slug + "/x") == (size == 0 ? 2 : 0));
    CHECK(any.route(slug + "z") == 1);
    CHECK(any.route(slug) == 2);
    CHECK(part.route(slug + "/x") == (size == 0 ? 2 : 0));
    CHECK(part.route(slug + "/y") == (size == 0 ? 2 : 1));
    CHECK(part.route(slug) == 2);
  }
}

TEST_CASE("zero bytes and broken UTF-8 are judged like any byte", "[codegen]") {
  Judged judged(unit_of({"/a[^/]+/x$", "/b.$", "/c\\\\x00d$"}));
  CHECK(judged.route(std::string("/a\0\0/x", 6)) == 0);
  CHECK(judged.route(std::string("/c\0d", 4)) == 2);
  CHECK(judged.route("/a\xc3\xa9/x") == 0);
  CHECK(judged.route("/a\xf0\x9f\x98\x80/x") == 0);
  CHECK(judged.route("/b\xc3\xa9") == 1);
  CHECK(judged.route("/a\xc3/x") == 3);
  CHECK(judged.route("/a\xff/x") == 3);
  CHECK(judged.route("/a\x80/x") == 3);
  CHECK(judged.route("/b\xe2\x82") == 3);
  CHECK(judged.route("/b\xc3") == 3);
}

TEST_CASE("any bytes get the same answer from code and kernel", "[codegen]") {
  Judged loops(unit_of({"/a(b|cd)*e", "/(a|.b)c"}));
  Judged counts(unit_of({"/[^/]+/[a-f0-9]{2,4}$"}));
  Judged branches(unit_of({"/aaaa/(b|c|d|e|f|g)"}));
  constexpr std::uint64_t kSeed = 20261123;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const std::string alphabet("/abcdefg0\xc3\xa9\x80\xff\0", 14);
  for (int i = 0; i < 20'000; ++i) {
    std::string path;
    for (std::size_t left = random() % 24; left != 0; --left) {
      path += alphabet[random() % alphabet.size()];
    }
    for (Judged* judged : {&loops, &counts, &branches}) judged->route(path);
  }
}
