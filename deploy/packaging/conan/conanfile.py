"""comments for Conan 2: the headers, the CMake package, and the libraries of the chosen parts."""
from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, get

# Each part of the library: the parts that it stands on, and its libraries.
PARTS = {
    "json": ([], ["nlohmann_json/3.11.3"]),
    "http": (["json"], ["openssl/[>=1.1.1 <4]", "zlib/[>=1.2.11 <2]"]),
    "httplib": (["http"], ["cpp-httplib/0.18.7"]),
    "sqlite": ([], ["sqlite3/[>=3.38 <4]"]),
    "postgres": ([], ["libpq/[>=14]"]),
    "rules": ([], ["utf8proc/[>=2.6 <3]"]),
    "markdown": ([], ["cmark-gfm/0.29.0.gfm.13"]),
    "feed": (["http"], ["pugixml/[>=1.13 <2]"]),
}


class Comments(ConanFile):
    name = "comments"
    description = "A comment engine to embed: threads, moderation, live updates"
    license = "MIT"
    topics = ("comments", "moderation", "header-only")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"
    options = {part: [True, False] for part in PARTS}
    default_options = {part: False for part in PARTS}

    def layout(self):
        cmake_layout(self, src_folder="src")

    def configure(self):
        for part, (below, _) in reversed(PARTS.items()):
            if self.options.get_safe(part):
                for needed in below:
                    setattr(self.options, needed, True)

    def requirements(self):
        for part, (_, libraries) in PARTS.items():
            if self.options.get_safe(part):
                for library in libraries:
                    self.requires(library)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["COMMENTS_COMPONENTS"] = ""
        toolchain.generate()

    def package(self):
        copy(self, "LICENSE", self.source_folder, f"{self.package_folder}/licenses")
        cmake = CMake(self)
        cmake.configure()
        cmake.install()

    def package_info(self):
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_find_mode", "none")  # the package brings its own
        self.cpp_info.builddirs = ["share/cmake/comments"]
