/// The parts of the page `/_larder/` as they lie in `Parts/`, compiled into the program: nothing is read at run time.
public enum PageParts {
    /// The document, with a line `<!-- style -->` and a line `<!-- script -->` where the other parts belong.
    public static var document: [UInt8] { PackageResources.page_html }

    /// The icon, in two sizes.
    public static var icon: [UInt8] { PackageResources.favicon_ico }

    /// The style sheets, in the order in which they apply.
    public static var styles: [[UInt8]] { [PackageResources.base_css, PackageResources.parts_css] }

    /// The scripts, in the order in which they run; together they are one module.
    public static var scripts: [[UInt8]] {
        [
            PackageResources.dom_js, PackageResources.numbers_js, PackageResources.theme_js, PackageResources.plots_js,
            PackageResources.verdict_js, PackageResources.glance_js, PackageResources.errors_js,
            PackageResources.tables_js, PackageResources.purge_js, PackageResources.status_js,
            PackageResources.filters_js, PackageResources.words_js, PackageResources.history_js,
            PackageResources.details_js, PackageResources.scatter_js, PackageResources.views_js,
            PackageResources.changes_js, PackageResources.models_js, PackageResources.main_js,
        ]
    }
}
