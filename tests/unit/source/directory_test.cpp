// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <thread>

#include "controller/source/source.h"
#include "tests/unit/source/temporary_directory.h"

using namespace smic;
using source::Source;
using test::TemporaryDirectory;

namespace {

std::unique_ptr<Source> watch(const std::string& directory) {
  auto watched = source::watch_directory(directory);
  REQUIRE(watched.has_value());
  return std::move(*watched);
}

// File names without directory, and texts, as "a.yaml=one;b.yaml=two;".
std::string seen_by(Source& source) {
  const auto sources = source.read();
  REQUIRE(sources.has_value());
  std::string seen;
  for (std::size_t i = 0; i < sources->size(); ++i) {
    const std::string& name = sources->name(SourceId(i));
    seen += name.substr(name.rfind('/') + 1) + '=' + std::string(sources->text(SourceId(i))) + ';';
  }
  return seen;
}

// Reads after every wait until it sees `wanted`; nothing that was seen before may be in `never`.
void expect_to_see(Source& source, const std::string& wanted,
                   const std::set<std::string>& never = {}) {
  for (;;) {
    const std::string seen = seen_by(source);
    INFO("seen " << seen << ", wanted " << wanted);
    REQUIRE_FALSE(never.contains(seen));
    if (seen == wanted) return;
    REQUIRE(source.wait());
  }
}

class Writer {  // an editor that writes in steps
 public:
  explicit Writer(const std::filesystem::path& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644)) {}
  ~Writer() { ::close(file_); }
  void write(std::string_view text) {
    REQUIRE(::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

 private:
  int file_;
};

}  // namespace

TEST_CASE("a directory source reads what is there, by the names a person would use") {
  TemporaryDirectory directory;
  directory.write("b.yaml", "two");
  directory.write("a.yaml", "one");
  directory.write("notes.txt", "not ours");
  for (const std::string& path : {directory.path(), directory.path() + "/"}) {
    const auto source = watch(path);
    CHECK(seen_by(*source) == "a.yaml=one;b.yaml=two;");
    CHECK(source->read()->name(SourceId(0)) == directory.path() + "/a.yaml");
  }
}

TEST_CASE("a directory that is not there is an error that names it") {
  const auto source = source::watch_directory("/nonexistent/smic");
  REQUIRE_FALSE(source.has_value());
  CHECK(source.error().message.find("/nonexistent/smic") != std::string::npos);
}

TEST_CASE("a change ends the wait") {
  TemporaryDirectory directory;
  directory.write("a.yaml", "one");
  const auto source = watch(directory.path());
  CHECK(seen_by(*source) == "a.yaml=one;");
  SECTION("a write") {
    directory.write("a.yaml", "two");
    expect_to_see(*source, "a.yaml=two;");
  }
  SECTION("a rename over") {
    directory.write("a.yaml.part", "two");
    std::filesystem::rename(directory / "a.yaml.part", directory / "a.yaml");
    expect_to_see(*source, "a.yaml=two;");
  }
  SECTION("a new file") {
    directory.write("b.yaml", "two");
    expect_to_see(*source, "a.yaml=one;b.yaml=two;");
  }
  SECTION("a deletion") {
    std::filesystem::remove(directory / "a.yaml");
    expect_to_see(*source, "");
  }
  SECTION("a new folder with a file, and then one more") {
    std::filesystem::create_directory(directory / "more");
    directory.write("more/b.yaml", "two");
    expect_to_see(*source, "a.yaml=one;b.yaml=two;");
    directory.write("more/c.yaml", "three");
    expect_to_see(*source, "a.yaml=one;b.yaml=two;c.yaml=three;");
  }
  SECTION("the directory replaced by another") {
    std::filesystem::rename(directory.path(), directory.path() + ".old");
    std::filesystem::create_directory(directory.path());
    directory.write("a.yaml", "two");
    for (std::string seen; seen != "a.yaml=two;";) {
      REQUIRE(source->wait());
      if (source->read()) seen = seen_by(*source);
    }
    std::filesystem::remove_all(directory.path() + ".old");
  }
}

TEST_CASE("half a file is never seen") {
  TemporaryDirectory directory;
  directory.write("a.yaml", "one");
  const auto source = watch(directory.path());
  CHECK(seen_by(*source) == "a.yaml=one;");
  SECTION("of one that is rewritten in steps, while others go on") {
    {
      Writer writer(directory / "a.yaml");
      writer.write("t");
      directory.write("b.yaml", "another");
      expect_to_see(*source, "a.yaml=one;b.yaml=another;", {"a.yaml=t;b.yaml=another;"});
      writer.write("wo");
    }
    expect_to_see(*source, "a.yaml=two;b.yaml=another;");
  }
  SECTION("of a new one") {
    {
      Writer writer(directory / "b.yaml");
      writer.write("t");
      directory.write("a.yaml", "zero");
      expect_to_see(*source, "a.yaml=zero;", {"a.yaml=zero;b.yaml=t;"});
      writer.write("wo");
    }
    expect_to_see(*source, "a.yaml=zero;b.yaml=two;");
  }
}

TEST_CASE("a file that is empty or gone for a moment keeps its last text") {
  TemporaryDirectory directory;
  directory.write("a.yaml", "one");
  const auto source = watch(directory.path());
  CHECK(seen_by(*source) == "a.yaml=one;");
  SECTION("truncated first") {
    directory.write("a.yaml", "");
    CHECK(seen_by(*source) == "a.yaml=one;");
    directory.write("a.yaml", "two");
    expect_to_see(*source, "a.yaml=two;", {"a.yaml=;", ""});
  }
  SECTION("renamed away first") {
    std::filesystem::rename(directory / "a.yaml", directory / "a.yaml~");
    CHECK(seen_by(*source) == "a.yaml=one;");
    directory.write("a.yaml", "two");
    expect_to_see(*source, "a.yaml=two;", {""});
  }
  SECTION("but not for ever") {
    directory.write("a.yaml", "");
    expect_to_see(*source, "a.yaml=;");
  }
}

TEST_CASE("stop ends a wait from another thread") {
  TemporaryDirectory directory;
  const auto source = watch(directory.path());
  CHECK(seen_by(*source).empty());
  std::thread stopper([&source] { source->stop(); });
  CHECK_FALSE(source->wait());
  stopper.join();
}
