/// The looks of every page: `style.css`.
package enum StyleSheet {
    package static var text: String { String(decoding: PackageResources.style_css, as: UTF8.self) }
}
