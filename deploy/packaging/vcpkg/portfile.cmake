# The owner and the checksum are filled in when the port is sent in.
vcpkg_from_github(
  OUT_SOURCE_PATH SOURCE_PATH
  REPO "${COMMENTS_OWNER}/comments"
  REF "v${VERSION}"
  SHA512 0
)

# The headers are for every configuration the same, so there is nothing to debug.
set(VCPKG_BUILD_TYPE release)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}" OPTIONS "-DCOMMENTS_COMPONENTS=")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/comments)

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/lib")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
